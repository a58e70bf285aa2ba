import Foundation
import TestSupport
import Testing

extension ProgramTests {
  /// What `scripts/package` makes, as a node without Swift sees it.
  @Suite(.serialized) struct PackageTests {
    /// The package of the built program, unpacked; made once, in a place that the next time takes again.
    private static let unpacked = Result { () throws -> String in
      let parent = ProgramRun.project.path + "/.build/test-package"
      let run = try ProgramRun.run(
        ProgramRun.project.path + "/scripts/package", [parent], in: "/", environment: ["RP_DIST": program], timeout: 120
      )
      try #require(run.exitCode == 0, "\(run.errors)")
      let script = "rm -rf out && mkdir out && tar -C out -xzf rp-dist-*.tar.gz && ls out"
      let names = try ProgramRun.run("bash", ["-c", script], in: parent)
      try #require(names.exitCode == 0, "\(names.errors)")
      return parent + "/out/" + names.output.trimmingCharacters(in: .newlines)
    }

    private var place: String { get throws { try Self.unpacked.get() } }

    @Test func `the tarball has a program without Swift's libraries, the cluster's scripts and the presets`() throws {
      let folder = try ScratchFolder()
      let place = try place
      let needed = try ProgramRun.run("ldd", [place + "/rp-dist"], in: folder.path).output
      #expect(needed.contains("libmpi.so") && !needed.contains("not found"))
      for library in ["libswift", "Foundation", "libdispatch", "libBlocksRuntime"] {
        #expect(!needed.contains(library), "\(needed)")
      }
      let symbols = try ProgramRun.run("nm", [place + "/rp-dist"], in: folder.path)
      #expect(symbols.output.isEmpty && symbols.errors.contains("no symbols"))
      for script in ["job", "train.sbatch", "array.sbatch", "collect.sbatch", "reweight.sbatch", "run-hosts"] {
        #expect(FileManager.default.fileExists(atPath: place + "/cluster/" + script), "\(script)")
      }
      #expect(!FileManager.default.fileExists(atPath: place + "/cluster/lab"))
    }

    @Test func `every preset is there as a file that gives the same settings`() throws {
      let folder = try ScratchFolder()
      let place = try place
      let names = try ProgramRun.run(program, ["train", "--preset", "list"], in: folder.path).output
        .split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
      let files = try FileManager.default.contentsOfDirectory(atPath: place + "/presets").sorted()
      #expect(names.count > 10 && files == names.map { $0 + ".yml" }.sorted())
      for name in names {
        let file = "\(place)/presets/\(name).yml"
        let again = try ProgramRun.run(place + "/rp-dist", ["train", file, "--print-config"], in: folder.path)
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(again.exitCode == 0 && again.output == text && text.contains("\nnetwork:\n"), "\(name)")
      }
    }

    @Test func `it trains with an empty environment`() throws {
      let folder = try ScratchFolder()
      let place = try place
      let run = try ProgramRun.run(
        place + "/rp-dist", ["train", place + "/presets/digits.yml"] + short, in: folder.path, onlyEnvironment: true)
      #expect(run.exitCode == 0 && run.output.contains("test accuracy:"), "\(run.errors)")
    }

    /// Whether this process may hide folders from a process that it starts.
    private static var canHide: Bool {
      let run = try? ProgramRun.run("unshare", ["--mount", "--map-root-user", "true"], in: "/")
      return run?.exitCode == 0
    }

    @Test(.enabled(if: canHide, "mount namespaces are not allowed here"))
    func `it trains where there is no toolchain`() throws {
      let folder = try ScratchFolder()
      let place = try place
      let found = try ProgramRun.run("bash", ["-c", "dirname $(dirname $(readlink -f $(command -v swift)))"], in: "/")
      let toolchain = found.output.trimmingCharacters(in: .newlines)
      // A toolchain in /usr shares that with the system: its libraries are hidden, else all of it.
      let hidden = toolchain == "/usr" ? ["/usr/lib/swift", "/usr/lib/swift_static"] : [toolchain]
      let built = URL(fileURLWithPath: program).deletingLastPathComponent().resolvingSymlinksInPath().path
      let places = (hidden + [built]).joined(separator: " ")
      let script = """
        for place in \(places); do [ ! -e $place ] || mount -t tmpfs tmpfs $place || exit 99; done
        [ ! -e '\(program)' ] && ! swift --version >/dev/null 2>&1 || exit 98
        exec env -i '\(place)/rp-dist' --set training.epochs=2
        """
      let run = try ProgramRun.run(
        "unshare", ["--mount", "--map-root-user", "bash", "-c", script], in: folder.path)
      #expect(run.exitCode == 0 && run.output.contains("test accuracy:"), "\(run.exitCode) \(run.errors)")
    }
  }
}
