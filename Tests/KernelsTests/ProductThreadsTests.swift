import BLAS
import Foundation
import Kernels
import TestSupport
import Testing

/// Products on several threads. The number of threads is the process's: other tests that run meanwhile use them too, which
/// must change nothing.
@Suite struct ProductThreadsTests {
  /// Enough work for two parts and for three, by columns and by rows, the last part smaller, and too little for parts.
  static let shapes = [
    PairShape(64, 700, 100), PairShape(600, 61, 120), PairShape(13, 2600, 193), PairShape(2100, 30, 101),
    PairShape(9, 8, 7),
  ]

  @Test(arguments: Form.allCases, shapes)
  func `threads change no bit`(form: Form, shape: PairShape) {
    defer { BLASLibrary.setThreads(1) }
    BLASLibrary.setThreads(1)
    let expected = results(form, shape, part: .both, turns: 1)
    for threads in [2, 3, 5] {
      BLASLibrary.setThreads(threads)
      #expect(results(form, shape, part: .both, turns: 20) == expected)
      #expect(results(form, shape, part: .first, turns: 1)[0] == expected[0])
      #expect(results(form, shape, part: .second, turns: 1)[1] == expected[1])
    }
  }

  @Test func `opening OpenBLAS leaves the environment as it was`() throws {
    let name = "OPENBLAS_NUM_THREADS"
    let before = ProcessInfo.processInfo.environment[name]
    _ = try BLASLibrary.open()
    #expect(ProcessInfo.processInfo.environment[name] == before)
  }

  /// C₁ and C₂ after some products, which must all give the same.
  private func results(_ form: Form, _ shape: PairShape, part: PairProblem<Float>.Part, turns: Int) -> [[[Float]]] {
    var generator = SmallRandom(seed: 9)
    let problem = PairProblem<Float>(form, shape) { Float(generator.uniform(-1...1)) }
    for _ in 0..<turns { problem.multiply(part, beta: 0, by: .best) }
    return [problem.c1.array, problem.c2.array]
  }
}
