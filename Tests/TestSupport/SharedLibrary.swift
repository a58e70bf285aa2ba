private import Foundation

/// A shared library made of a few lines of C for one test, to be loaded beside a program or in place of another library.
public struct SharedLibrary: Sendable {
  public let path: String

  /// Compiles C to a file in a folder.
  ///
  /// - Parameter name: the file's name.
  public init(_ source: String, named name: String = "library.so", in folder: ScratchFolder) throws {
    let file = try folder.write(source.utf8, to: name + ".c")
    path = folder.path + "/" + name
    let compiler = try ProgramRun.run("clang", ["-shared", "-fPIC", "-O1", "-o", path, file], in: folder.path)
    guard compiler.exitCode == 0 else { throw CompilerFailure(description: compiler.errors) }
  }

  private struct CompilerFailure: Error, CustomStringConvertible {
    let description: String
  }

  /// A command that starts a program with the library beside it: on all ranks, or on one of them alone.
  ///
  /// Launchers do not see the library: where it is to do harm it does so to the program.
  public func preloading(_ program: String, onRank rank: Int? = nil) -> [String] {
    let condition = rank.map { "[ \"$OMPI_COMM_WORLD_RANK\" != \($0) ] || " } ?? ""
    return ["sh", "-c", "\(condition)export LD_PRELOAD='\(path)'; exec \"$@\"", "sh", program]
  }
}
