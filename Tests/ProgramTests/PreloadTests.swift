import Foundation
import TestSupport
import Testing

extension ProgramTests {
  /// Libraries that a centre loads into every program, such as XALT, and what their functions at its start and end do.
  @Suite(.serialized) struct PreloadTests {
    /// What moves `environ`, below which Swift looks for the command line.
    private static let settingAVariable = """
      #include <stdlib.h>
      __attribute__((constructor)) static void begin(void) { setenv("PRELOADED", "1", 1); }
      """

    private func run(
      _ library: SharedLibrary, _ program: String, _ arguments: [String], ranks: Int? = nil, onRank rank: Int? = nil,
      in folder: ScratchFolder
    ) throws -> ProgramRun {
      let command = library.preloading(program, onRank: rank)
      return try ProgramRun.run(
        command[0], Array(command.dropFirst()) + arguments, ranks: ranks, in: folder.path)
    }

    @Test func `a variable that is set before the program starts leaves its command line what it is`() throws {
      let folder = try ScratchFolder()
      let library = try SharedLibrary(Self.settingAVariable, in: folder)
      let version = try run(library, program, ["--version"], in: folder)
      #expect(version.exitCode == 0 && version.output == "0.1.0\n", "\(version.output)")
      for ranks in [nil, 2] {
        let nonsense = try run(library, program, ["nonsense"], ranks: ranks, in: folder)
        #expect(nonsense.exitCode == 64 && nonsense.errors.contains("unknown command 'nonsense'"), "\(nonsense.errors)")
      }
      #expect(!FileManager.default.fileExists(atPath: folder.path + "/runs"))
    }

    @Test(arguments: [(1, nil), (2, nil), (3, 1)] as [(Int, Int?)])
    func `ranks train what they are told to`(ranks: Int, rank: Int?) throws {
      let folder = try ScratchFolder()
      let library = try SharedLibrary(Self.settingAVariable, in: folder)
      _ = try folder.write("training: {epochs: 3}".utf8, to: "my.yml")
      let trained = try run(
        library, program, ["train", "my.yml", "--name", "ü b"], ranks: ranks, onRank: rank, in: folder)
      #expect(trained.exitCode == 0 && trained.output.contains("run: runs/ü b"), "\(trained.errors)")
      #expect(trained.output.contains("45 steps in"), "\(trained.output)")
    }

    @Test func `the other programs of the package keep theirs`() throws {
      let folder = try ScratchFolder()
      let library = try SharedLibrary(Self.settingAVariable, in: folder)
      let checks = try run(library, rankChecks, ["collectives"], ranks: 2, in: folder)
      #expect(checks.exitCode == 0 && checks.output == "ok\n", "\(checks.errors)")
      let readers = try run(library, ProgramRun.built("fuzz-readers"), ["list"], in: folder)
      #expect(readers.exitCode == 0 && readers.output.contains("csv"), "\(readers.errors)")
    }

    @Test(arguments: [nil, 2]) func `a program without a name has no command line, and is refused`(ranks: Int?) throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run("bash", ["-c", "exec -a '' '\(program)'"], ranks: ranks, in: folder.path)
      #expect(run.exitCode == 64 && run.errors.contains("started without its name"), "\(run.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder.path + "/runs"))
    }

    @Test(arguments: [1, 2]) func `a library that waits for ever at the end is not waited for`(ranks: Int) throws {
      let folder = try ScratchFolder()
      let library = try SharedLibrary(
        """
        #include <unistd.h>
        __attribute__((destructor)) static void end(void) { for (;;) pause(); }
        """, in: folder)
      for (arguments, code) in [(short, 0), (["--version"], 0), (["nonsense"], 64), (["evaluate", "no"], 66)] {
        let run = try run(library, program, arguments, ranks: ranks == 1 ? nil : ranks, in: folder)
        #expect(!run.timedOut && run.exitCode == Int32(code), "\(arguments): \(run.exitCode) \(run.errors)")
      }
    }
  }
}
