import Foundation
import Optimizers
import Testing

/// (M18) Schedules by their closed forms; those that PyTorch has, by PyTorch.
@Suite struct ScheduleTests {
  /// The factors of all steps of 4 epochs of 5 steps.
  private func factors(_ schedule: Schedule) -> [Double] {
    (0..<20).map { schedule.factor(step: $0, steps: 20, stepsPerEpoch: 5) }
  }

  /// A value for each epoch, repeated for its 5 steps.
  private func byEpoch(_ value: (Double) -> Double) -> [Double] {
    (0..<20).map { value(Double($0 / 5)) }
  }

  private func agrees(_ a: [Double], _ b: [Double]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { ($0 - $1).magnitude <= 4 * Double.ulpOfOne }
  }

  @Test func `a constant schedule is 1`() {
    #expect(factors(Schedule()) == Array(repeating: 1, count: 20))
  }

  @Test func `schedules by epoch stay for all steps of an epoch`() {
    #expect(agrees(factors(Schedule(.inverse, decay: 0.5)), byEpoch { 1 / (1 + 0.5 * $0) }))
    #expect(agrees(factors(Schedule(.exponential)), byEpoch { [1, 0.95, 0.9025, 0.857375][Int($0)] }))
    #expect(agrees(factors(Schedule(.exponential, factor: 0.5)), byEpoch { [1, 0.5, 0.25, 0.125][Int($0)] }))
    #expect(agrees(factors(Schedule(.inverseRoot, scale: 3)), byEpoch { 3 / ($0 + 1).squareRoot() }))
    // Counted from 1, epochs would give other factors.
    #expect(!agrees(factors(Schedule(.inverse, decay: 0.5)), byEpoch { 1 / (1 + 0.5 * ($0 + 1)) }))
    #expect(!agrees(factors(Schedule(.inverseRoot, scale: 3)), byEpoch { 3 / ($0 + 2).squareRoot() }))
  }

  @Test func `linear and cosine go down with every step, to what the next step would find at 0`() {
    #expect(agrees(factors(Schedule(.linear)), (0..<20).map { 1 - Double($0) / 20 }))
    #expect(agrees(factors(Schedule(.cosine)), (0..<20).map { (1 + cos(.pi * Double($0) / 20)) / 2 }))
    #expect(factors(Schedule(.linear))[19] > 0 && factors(Schedule(.cosine))[19] > 0)
  }

  @Test(arguments: Schedule.Name.allCases)
  func `warm-up multiplies the first steps by 1/n, 2/n, … and leaves the others`(name: Schedule.Name) {
    let plain = factors(Schedule(name, decay: 0.5))
    let warm = factors(Schedule(name, decay: 0.5, warmup: 7))
    #expect(agrees(warm, plain.enumerated().map { $1 * min(1, Double($0 + 1) / 7) }))
    #expect(warm[6...] == plain[6...])
    #expect(warm[5] < plain[5])
  }

  @Test func `a warm-up may be longer than the training`() {
    #expect(agrees(factors(Schedule(warmup: 40)), (0..<20).map { Double($0 + 1) / 40 }))
  }

  @Test func `schedules that PyTorch has are PyTorch's`() throws {
    let golden = try PyTorchGolden.load()
    #expect(golden.schedules.map(\.name) == ["exponential", "linear", "cosine"])
    for expected in golden.schedules {
      let schedule = Schedule(try #require(Schedule.Name(rawValue: expected.name)))
      let found = (0..<expected.steps).map {
        schedule.factor(step: $0, steps: expected.steps, stepsPerEpoch: expected.stepsPerEpoch)
      }
      // PyTorch multiplies one factor to the next: two or three roundings in each of 20 steps.
      #expect(found.count == expected.factors.count)
      for (a, b) in zip(found, expected.factors) {
        #expect((a - b).magnitude <= 64 * Double.ulpOfOne, "\(expected.name)")
      }
    }
  }
}
