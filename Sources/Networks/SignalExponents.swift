internal import Kernels

/// (M32) The exponents of u and Z: at boundary k the memory holds ũ = 2^-a_k u and Z̃ = 2^-b_k Z, so that neither leaves the
/// range of its number type, however deep the network is.
///
/// They are even, so that a root of Z has a whole exponent too. Powers of two are exact: a network whose exponents are 0
/// has the bits that it would have without them.
struct SignalExponents {
  /// a, for every boundary.
  private(set) var totalGradient: [Int]
  /// b, for every boundary.
  private(set) var curvature: [Int]
  /// Whether all of them are 0.
  private(set) var areZero = true

  init(boundaries: Int) {
    (totalGradient, curvature) = (Array(repeating: 0, count: boundaries), Array(repeating: 0, count: boundaries))
  }

  mutating func set(totalGradient a: Int, at boundary: Int) {
    totalGradient[boundary] = a
    if a != 0 { areZero = false }
  }

  mutating func set(curvature b: Int, at boundary: Int) {
    curvature[boundary] = b
    if b != 0 { areZero = false }
  }

  /// Makes all of them 0.
  mutating func clear() {
    for boundary in totalGradient.indices { (totalGradient[boundary], curvature[boundary]) = (0, 0) }
    areZero = true
  }

  /// Takes the numbers of other exponents; allocates nothing.
  mutating func copy(from other: SignalExponents) {
    areZero = true
    for boundary in totalGradient.indices {
      set(totalGradient: other.totalGradient[boundary], at: boundary)
      set(curvature: other.curvature[boundary], at: boundary)
    }
  }
}

extension SignalExponents: Resumable {
  mutating func exchange(with state: any StateExchange) throws {
    try state.sparseNumbers("totalGradient", &totalGradient)
    try state.sparseNumbers("curvature", &curvature)
    areZero = totalGradient.allSatisfy { $0 == 0 } && curvature.allSatisfy { $0 == 0 }
  }
}

/// (M32) Chooses exponents from the parameters alone: a few random samples, the same on every rank, go through the network.
///
/// The exponent of a boundary stays 0 unless the largest u or Z of these samples leaves 2^±``window``. Only the order of
/// magnitude counts. The probe takes plain instructions, so that ranks with different processors choose the same
/// exponents without asking each other.
final class SignalProbe<Scalar: Real> {
  /// The number of samples.
  static var samples: Int { 8 }
  /// The largest exponent of a signal that needs none. What a layer and the samples add to it has room beside it: float32
  /// ends at 2^128, float64 at 2^1024.
  static var window: Int { Scalar.precision == .float32 ? 40 : 340 }

  /// A network of the same layers, whose passes choose its exponents.
  private let network: Network<Scalar>
  private let inputs: Matrix<Scalar>
  /// The largest exponent of u or Z at the last call, without its sign.
  private(set) var reach = 0

  init(_ layers: [LayerConfiguration], inputShape: Shape) {
    do {
      network = try Network(layers, inputShape: inputShape, isProbe: true)
    } catch {
      preconditionFailure("the layers of a network fit together: \(error)")
    }
    inputs = Matrix(rows: Self.samples, columns: network.inputs)
    network.reserve(samples: Self.samples)
    // Uniform with variance 1.
    let stream = RandomStream(seed: 0, .exponents)
    for k in 0..<inputs.elements.count { inputs.elements[k] = Scalar((2 * stream.uniform(k) - 1) * 3.0.squareRoot()) }
  }

  /// How many numbers it holds, without the workspace of products.
  static func count(_ network: Network<Scalar>) -> Int { network.numbersPerSample * samples }

  /// Writes the exponents for some parameters.
  ///
  /// - Parameters:
  ///   - pass: the pass that will use them. Dropout is left out.
  ///   - bound: the bound of the statistics.
  func choose(_ parameters: Vector<Scalar>, _ pass: Pass, _ bound: Bound, into exponents: inout SignalExponents) {
    var pass = pass
    (pass.dropout, pass.updatesRunningAverages, pass.preparation) = (nil, false, .statistics)
    if pass.normalization == .minibatch { pass.normalization = .frozenMinibatch }
    do {
      try withPlainInstructions { try network.chooseExponents(inputs, parameters, pass, bound) }
    } catch {
      preconditionFailure("a sum over one rank does not fail: \(error)")
    }
    exponents.copy(from: network.exponents)
    reach = network.reach
  }
}

/// The number of steps after which exponents are chosen again.
struct ExponentCadence {
  /// The first step, counted from 0, at which they are due.
  private(set) var next = 0

  func isDue(step: Int) -> Bool { step >= next }

  /// - Parameters:
  ///   - step: at which exponents were chosen. After the first steps, in which a network changes most, they are chosen
  ///     less often.
  ///   - reach: the largest exponent of a signal, without its sign. A network in which it is small is in no danger; where it
  ///     is large, one step can multiply signals by more than the window.
  mutating func choose(at step: Int, reach: Int, window: Int) {
    if reach <= window {
      next = step + min(64, max(1, step))
    } else {
      next = step + (step < Self.firstSteps ? 1 : 8)
    }
  }

  private static var firstSteps: Int { 10 }
}

extension ExponentCadence: Resumable {
  mutating func exchange(with state: any StateExchange) throws {
    var numbers = [next]
    try state.sparseNumbers("next", &numbers)
    next = numbers[0]
  }
}
