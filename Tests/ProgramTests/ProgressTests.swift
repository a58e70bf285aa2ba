import Foundation
import TestSupport
import Testing

extension ProgramTests {
  /// How a run shows where it is, on terminals and in files.
  @Suite(.serialized) struct ProgressTests {
    /// What a terminal of so many columns gets from a command.
    ///
    /// - Parameter before: run at the terminal first.
    private func terminal(
      columns: Int, _ command: String, before: String = "", in folder: ScratchFolder
    ) throws -> ProgramRun {
      let script = "stty cols \(columns) rows 24; \(before) exec \(command)"
      return try ProgramRun.run(
        "script", ["-qec", script, "/dev/null"], in: folder.path,
        environment: ProgramRun.launcherEnvironment.merging(["TERM": "xterm"]) { $1 })
    }

    /// The states of the line that is redrawn.
    private func drawn(_ run: ProgramRun) -> [String] {
      let parts = run.output.replacing("\r\n", with: "\n").components(separatedBy: "\r\u{1B}[K").dropFirst()
      return parts.map { String($0.prefix { $0 != "\n" }) }
    }

    @Test(arguments: [200, 80, 60, 45, 30, 12, 3], ["", "mpirun --oversubscribe -n 2 "])
    func `the line fits into the terminal`(columns: Int, launch: String) throws {
      let folder = try ScratchFolder()
      let run = try terminal(
        columns: columns, "\(launch)'\(program)' --set training.epochs=10 --name run", in: folder)
      #expect(run.exitCode == 0, "\(run.output)")
      let lines = drawn(run)
      #expect(lines.count >= 1 && lines.allSatisfy { $0.count < columns }, "\(lines)")
      guard columns >= 12 else { return }
      #expect(lines.allSatisfy { $0.contains("loss ") }, "\(lines)")
      #expect(lines.allSatisfy { $0.contains("epoch ") } == (columns >= 30), "\(lines)")
      #expect(lines.allSatisfy { $0.hasPrefix("[") } == (columns >= 80), "\(lines)")
      #expect(run.output.contains("test accuracy: "))
    }

    @Test func `a line with learned weights fits, too`() throws {
      let folder = try ScratchFolder()
      let run = try terminal(
        columns: 50, "'\(program)' reweight --preset noisy-digits-reweight --set training.epochs=5", in: folder)
      let lines = drawn(run)
      #expect(run.exitCode == 0 && lines.contains { $0.contains("cycle 3/3 ") }, "\(lines)")
      #expect(lines.allSatisfy { $0.count < 50 })
    }

    @Test func `the line follows a terminal that becomes narrower`() throws {
      let folder = try ScratchFolder()
      // Handle 3 is the terminal itself: its name need not exist where the test runs, and a background command reads nothing else.
      let narrow = """
        exec 3<&0
        (while [ ! -s runs/run/metrics.jsonl ]; do sleep 0.1; done
        sleep 0.3; stty cols 40 <&3; sleep 1; kill -INT $$) &
        """ + "\n"
      let run = try terminal(
        columns: 120, "'\(program)' --set training.epochs=1000000 --name run", before: narrow, in: folder)
      let lines = drawn(run)
      let wide = lines.prefix { $0.count >= 40 }
      #expect(run.exitCode == 75 && !wide.isEmpty && lines.count > wide.count, "\(run.output.suffix(2000))")
      #expect(lines.dropFirst(wide.count).allSatisfy { $0.count < 40 }, "\(lines)")
    }

    @Test func `after ^C the message begins on a new line`() throws {
      let folder = try ScratchFolder()
      let watch = "(while [ ! -s runs/run/metrics.jsonl ]; do sleep 0.1; done; sleep 0.3; kill -INT $$) &"
      let run = try terminal(
        columns: 80, "'\(program)' --set training.epochs=1000000 --name run", before: watch, in: folder)
      #expect(run.exitCode == 75, "\(run.output.suffix(300))")
      let last = run.output.replacing("\r\n", with: "\n").split(separator: "\n").last ?? ""
      #expect(last.hasPrefix("rp-dist: stopped after a checkpoint"), "\(last)")
    }

    /// The lines of a log that begin with a time, without it.
    private func log(_ run: ProgramRun) throws -> [(time: Substring, line: Substring)] {
      run.output.split(separator: "\n").compactMap { line in
        let parts = line.wholeMatch(of: /(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (.*)/)
        return parts.map { ($0.1, $0.2) }
      }
    }

    @Test(arguments: [1, 3]) func `a log has times, at most one a second, and the losses of epochs`(ranks: Int) throws {
      let folder = try ScratchFolder()
      let arguments = ["--set", "training.epochs=1500", "--set", "data.validation=100", "--name", "run"]
      let run = try ProgramRun.run(
        program, arguments, ranks: ranks == 1 ? nil : ranks, in: folder.path, timeout: 120)
      try #require(run.exitCode == 0, "\(run.errors)")
      let lines = try log(run)
      #expect(lines.count >= 2)
      // The last line is that of the last step, whenever that is.
      #expect(Set(lines.dropLast().map(\.time)).count == lines.count - 1, "\(run.output)")
      let form =
        /epoch (\d+)\/1500 step (\d+)\/\d+ loss (\d\.\d{4}) validation (\d\.\d{4}) \d+\.\d % \d+ steps\/s .* left/
      let metrics = try String(contentsOfFile: folder.path + "/runs/run/metrics.jsonl", encoding: .utf8)
        .split(separator: "\n").map { try JSONDecoder().decode(Epoch.self, from: Data($0.utf8)) }
      for (_, line) in lines {
        let parts = try #require(line.wholeMatch(of: form), "\(line)")
        let epoch = metrics[try #require(Int(parts.1)) - 1]
        #expect(abs(epoch.trainingLoss - (Double(parts.3) ?? -1)) <= 0.5001e-4, "\(line)")
        #expect(abs(epoch.validationLoss - (Double(parts.4) ?? -1)) <= 0.5001e-4, "\(line)")
      }
      #expect(lines.last?.line.hasPrefix("epoch 1500/1500 ") == true)
    }

    private struct Epoch: Decodable {
      var trainingLoss, validationLoss: Double
    }

    @Test func `a log says where a run goes on`() throws {
      let folder = try ScratchFolder()
      let first = try ProgramRun.run(program, short + ["--name", "run"], in: folder.path)
      try #require(first.exitCode == 0)
      let more = try ProgramRun.run(
        program, ["--resume", "run", "--set", "training.epochs=4"], ranks: 2, in: folder.path)
      #expect(more.exitCode == 0, "\(more.errors)")
      #expect(try log(more).first?.line == "resumed from step 30 of 60", "\(more.output)")
    }
  }
}

/// Beside the others: it waits for a minute, and uses no core in it.
@Suite struct SilenceTests {
  @Test func `a long step looks other than a job that hangs`() throws {
    let folder = try ScratchFolder()
    // One of its steps takes minutes: a forward pass over all samples for each of 30,000 weights.
    let script = """
      '\(ProgramTests.program)' --set training.gradient=finiteDifference --set optimizer.name=sgd --name run \\
        --set training.batch=2000 --set 'network=[{dense: 400}, tanh, {dense: 10}]' >log & job=$!
      while [ ! -e runs/run/metrics.jsonl ]; do sleep 0.1; done
      kill -STOP $job; sleep 57; kill -CONT $job
      for i in $(seq 100); do ! grep -q 'step 1: a step' log || break; sleep 0.1; done
      kill -KILL $job; cat log
      """
    let run = try ProgramRun.run("bash", ["-c", script], in: folder.path, timeout: 120)
    let line = try #require(run.output.split(separator: "\n").last)
    let form = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d step 1: a step/
    #expect(line.wholeMatch(of: form) != nil, "\(run.output) \(run.errors)")
  }
}
