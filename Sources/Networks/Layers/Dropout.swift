internal import Kernels

/// (M21) Dropout: each unit of each sample is kept with a probability and scaled by its inverse, or set to 0.
///
/// The mask 1[r < keep]/keep is addressed by (seed, epoch, sample, layer, unit): it does not depend on the ranks nor on
/// the order of a minibatch. Where it is off, and in use, the layer is the identity.
final class Dropout<Scalar: Real>: Layer {
  /// The probability that a unit is kept, in (0, 1].
  let keep: Double
  let inputs: Int
  var outputs: Int { inputs }
  /// The layer's number in the network, a part of the masks' address.
  private let number: Int

  /// The masks of the last forward pass, [samples × units]; meaningless where it had none.
  private var masks = Matrix<Scalar>(rows: 0, columns: 0)
  private var isActive = false

  init(keep: Double, units: Int, number: Int) {
    self.keep = keep
    inputs = units
    self.number = number
  }

  var worksInPlace: Bool { true }

  func reserve(samples: Int) { masks = Matrix(rows: samples, columns: inputs) }

  func workspace(bound: Bound?) -> WorkspaceSize { WorkspaceSize(reserved: inputs, touched: inputs) }

  func forward(_ x: Matrix<Scalar>, parameters: Vector<Scalar>, into y: Matrix<Scalar>) {
    isActive = false
    if !y.isSameMemory(as: x) { y.elements.copy(from: x.elements) }
  }

  func forward(
    _ x: Matrix<Scalar>, parameters: Vector<Scalar>, into y: Matrix<Scalar>, pass: Pass, samples: Int,
    ids: Span<Int32>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    forward(x, parameters: parameters, into: y)
    guard let address = pass.dropout, keep < 1 else { return }
    isActive = true
    let epoch = RandomStream(seed: address.seed, .dropout).substream(address.epoch)
    for row in 0..<x.rows {
      epoch.substream(Int(ids[row])).substream(number).fillMask(masks[row], keep: keep)
    }
    multiply(y.elements, by: masks.prefix(x.rows).elements)
  }

  /// (M4) `u⁺ = mask · u`.
  func totalGradient(
    below u: Matrix<Scalar>?, input x: Matrix<Scalar>, parameters: Vector<Scalar>, into above: Matrix<Scalar>
  ) {
    guard let u else { return above.elements.fill(0) }
    above.elements.copy(from: u.elements)
    if isActive { multiply(above.elements, by: masks.prefix(u.rows).elements) }
  }

  /// (M10) `Ẏ_j = mask · Ẏ_i, Z_j = mask · Z_i`, in place: the signals below have the memory of those above.
  func backward(
    above: Sensitivity<Scalar>, below: Sensitivity<Scalar>, totalGradientBelow u: Matrix<Scalar>?,
    parameters: Vector<Scalar>, bound: Bound
  ) {
    precondition(below.yDot.isSameMemory(as: above.yDot), "dropout works in place")
    guard isActive else { return }
    let masks = masks.prefix(above.yDot.rows).elements
    multiply(above.yDot.elements, by: masks)
    if let z = above.z { multiply(z.elements, by: masks) }
  }

  /// `ẏ⁺ = mask · ẏ`.
  func tangent(
    below: Matrix<Scalar>?, input x: Matrix<Scalar>, parameters: Vector<Scalar>, direction v: Vector<Scalar>,
    into above: Matrix<Scalar>
  ) {
    guard let below else { return above.elements.fill(0) }
    above.elements.copy(from: below.elements)
    if isActive { multiply(above.elements, by: masks.prefix(x.rows).elements) }
  }
}
