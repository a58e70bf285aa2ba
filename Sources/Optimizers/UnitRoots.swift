public import Kernels
public import Networks

/// (M31) P, which stands for Â^-p, of every layer whose curvature is by unit: a matrix on the right of the layer's [W b].
///
/// P = C diag(R_1, R_2, …, τ) Cᵀ, with the root R_k = (Σ_k + Δ_k)^-p of each input block and C = [[I, 0], [−μᵀ, 1]], which
/// takes the mean μ out of the inputs. Of it the R_k are kept, and its last row (−μᵀR, τ + μᵀRμ).
public final class UnitRoots<Scalar: Real> {
  public let layers: [UnitLayer]
  /// For each layer R_1, R_2, … and with a bias the last row of P, one after the other.
  let numbers: Vector<Scalar>
  /// The place of each layer in it, and whether there is a matrix yet; where there is none it is I.
  let places: [Range<Int>]
  private(set) var isPresent: [Bool]

  private let products = ProductWorkspace<Scalar>()
  /// As many numbers as the parameters up to the last layer's.
  private lazy var scratch = Arena<Scalar>(count: layers.last?.parameters.upperBound ?? 0).all

  public init(_ layers: [UnitLayer]) {
    self.layers = layers
    var (places, end) = ([Range<Int>](), 0)
    for layer in layers {
      places.append(end..<end + Self.count(layer))
      end += Self.count(layer)
      for block in layer.inputBlocks {
        products.reserve(rows: layer.outputs, columns: block.count, terms: block.count)
      }
    }
    self.places = places
    numbers = Arena(count: end).all
    isPresent = Array(repeating: false, count: layers.count)
  }

  /// The numbers of a layer's matrix.
  public static func count(_ layer: UnitLayer) -> Int {
    layer.inputBlocks.reduce(layer.hasBias ? layer.width : 0) { $0 + $1.count * $1.count }
  }

  /// R_k of a layer.
  func root(_ index: Int, ofBlock block: Int) -> Matrix<Scalar> {
    let blocks = layers[index].inputBlocks
    var start = places[index].lowerBound
    for before in blocks[..<block] { start += before.count * before.count }
    let n = blocks[block].count
    return numbers[start..<start + n * n].matrix(rows: n, columns: n)
  }

  /// The last row of P; empty without a bias.
  func lastRow(_ index: Int) -> Vector<Scalar> {
    let end = places[index].upperBound
    return numbers[end - (layers[index].hasBias ? layers[index].width : 0)..<end]
  }

  func setPresent(_ index: Int) { isPresent[index] = true }

  func setPresent(_ all: [Bool]) { isPresent = all }

  /// Takes over the matrices of other roots of the same layers.
  @specialized(where Scalar == Double, Other == Float)
  @specialized(where Scalar == Double, Other == Double)
  @specialized(where Scalar == Float, Other == Float)
  public func copy<Other: Real>(from other: UnitRoots<Other>) {
    precondition(layers == other.layers, "roots are copied for the same layers")
    for k in 0..<numbers.count { numbers[k] = Scalar(other.numbers[k]) }
    isPresent = other.isPresent
  }

  /// D ← M P for some output units of a layer.
  ///
  /// - Parameters:
  ///   - index: the layer's number in ``layers``.
  ///   - m, d: all parameters' vectors, of which the layer's units are read and written; different memory.
  /// - Complexity: units · n · b multiplications for blocks of b inputs. Allocates nothing.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func apply(_ index: Int, units: Range<Int>, _ m: Vector<Scalar>, into d: Vector<Scalar>) {
    guard !units.isEmpty else { return }
    let (layer, m, d) = (layers[index], m[layers[index].parameters], d[layers[index].parameters])
    let weights = layer.outputs * layer.inputs
    func rows(_ v: Vector<Scalar>) -> Matrix<Scalar> {
      v[0..<weights].matrix(rows: layer.outputs, columns: layer.inputs)[units]
    }
    func biases(_ v: Vector<Scalar>) -> Vector<Scalar> { v[weights + units.lowerBound..<weights + units.upperBound] }
    guard isPresent[index] else {
      rows(d).elements.copy(from: rows(m).elements)
      if layer.hasBias { biases(d).copy(from: biases(m)) }
      return
    }
    let (inputs, last) = (layer.inputs, lastRow(index))
    if layer.hasBias {
      let (mBias, dBias) = (biases(m), biases(d))
      for unit in 0..<units.count {
        let bias = mBias[unit]
        map(last[0..<inputs], into: rows(d)[unit]) { bias * $0 }
        dBias[unit] = rows(m)[unit].dot(last[0..<inputs]) + last[inputs] * bias
      }
    }
    for (number, columns) in layer.inputBlocks.enumerated() {
      multiply(
        rows(m), columns: columns, root(index, ofBlock: number), into: rows(d), beta: layer.hasBias ? 1 : 0,
        workspace: products)
    }
  }

  /// v ← v P for all units of all layers; other parameters stay. The first call allocates memory.
  public func apply(to v: Vector<Scalar>) {
    let scratch = scratch
    for (index, layer) in layers.enumerated() where isPresent[index] {
      apply(index, units: 0..<layer.outputs, v, into: scratch)
      v[layer.parameters].copy(from: scratch[layer.parameters])
    }
  }
}

/// How roots are computed, and the memory for it.
final class RootWorkspace<Scalar: Real> {
  private let square, product: Vector<Scalar>
  private let eigen: EigenDecomposition<Scalar>

  init(_ layers: [UnitLayer]) {
    let largest = layers.map(\.largestBlock).max() ?? 0
    square = Arena(count: largest * largest).all
    product = Arena(count: largest * largest).all
    eigen = EigenDecomposition(largest: largest)
  }

  /// How many numbers it holds.
  static func count(_ layers: [UnitLayer]) -> Int {
    let largest = layers.map(\.largestBlock).max() ?? 0
    return 2 * largest * largest + EigenDecomposition<Scalar>.workCount(largest)
  }

  /// The part of the mean's outer product that is taken out of A: the mean of the next minibatches is not quite that of the
  /// last ones.
  private static var takenOut: Scalar { 0.97 }

  /// About how many operations ``compute(_:of:correction:power:into:)`` takes.
  static func operations(_ layer: UnitLayer) -> Double {
    layer.inputBlocks.reduce(0) { $0 + 9 * Double($1.count * $1.count * $1.count) }
  }

  /// (M31) P, into a layer's place. NaN where Â has elements that are not finite; 0 where it is 0, as in a layer without a bias
  /// whose inputs are all 0: such a layer rests until the next root.
  ///
  /// - Parameters:
  ///   - moment: a multiple of what is kept of Â, see ``UnitLayer/moment``.
  ///   - correction: the factor that makes it Â.
  func compute(
    _ index: Int, of moment: Vector<Scalar>, correction: Scalar, power: CurvaturePower, into roots: UnitRoots<Scalar>
  ) {
    let layer = roots.layers[index]
    let ridge = Ridge(layer, moment, correction: correction)
    guard ridge.mean != 0 else { return roots.numbers[roots.places[index]].fill(0) }
    let (scaledMean, last) = (moment[layer.placeOfLastRow], roots.lastRow(index))
    // The last element of Â, whose row divided by it is (μᵀ, 1). Where inputs are so large that it has lost its digits, μ counts
    // as 0.
    let ofBias = layer.hasBias ? scaledMean[layer.inputs] * correction : 0
    let perBias = layer.hasBias && scaledMean[layer.inputs].isNormal ? 1 / scaledMean[layer.inputs] : 0
    // ‖μ‖² can be beyond the range of Float.
    var (squares, inner): (Double, Scalar) = (0, 0)
    for (number, columns) in layer.inputBlocks.enumerated() {
      let n = columns.count
      let a = square[0..<n * n].matrix(rows: n, columns: n)
      a.unpackLowerTriangle(from: moment[layer.place(ofBlock: number)])
      a.elements.scale(by: correction)
      if layer.hasBias { subtractMean(scaledMean[columns], times: Self.takenOut * perBias * correction, from: a) }
      let least = ridge.least(of: a)
      for row in 0..<n { a[row][row] += ridge(a[row][row]) - least }
      let root = roots.root(index, ofBlock: number)
      guard compute(a, ridge: least, power, into: root) else { return roots.numbers[roots.places[index]].fill(.nan) }
      guard layer.hasBias else { continue }
      for row in 0..<n {
        let mean = scaledMean[columns.lowerBound + row] * perBias
        let image = root[row].dot(scaledMean[columns]) * perBias
        last[columns.lowerBound + row] = -image
        squares += Double(mean) * Double(mean)
        inner += mean * image
      }
    }
    guard layer.hasBias else { return }
    last[layer.inputs] = Self.lengthened(power.root(ofBias + ridge(ofBias)), squares, power) + inner
  }

  /// τ from (Â_nn + δ_n)^-p and ‖μ‖²: for p = ½ the geometric mean of what the bias gets by itself, and of the
  /// (1 + ‖μ‖²)^½ times as much that Â^-½ gives it along (μ, 1).
  private static func lengthened(_ root: Scalar, _ squares: Double, _ power: CurvaturePower) -> Scalar {
    power == .half ? root * Scalar((1 + squares).squareRoot().squareRoot()) : root
  }

  /// A ← A − factor m mᵀ, in the lower triangle.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func subtractMean(_ m: Vector<Scalar>, times factor: Scalar, from a: Matrix<Scalar>) {
    for row in 0..<a.rows {
      let scaled = factor * m[row]
      update(a[row][0..<row + 1], m[0..<row + 1]) { $0 - scaled * $1 }
    }
  }

  /// root ← (A + ridge I)^-p, whole, from the lower triangle of A, which is overwritten.
  private func compute(
    _ a: Matrix<Scalar>, ridge: Scalar, _ power: CurvaturePower, into root: Matrix<Scalar>
  ) -> Bool {
    let n = a.rows
    switch power {
    case .one:
      for k in 0..<n { a[k][k] += ridge }
      guard invert(a) else { return false }
      root.elements.copy(from: a.elements)
    case .half:
      guard eigen.decompose(a) else { return false }
      for k in 0..<n { a[k].scale(by: power.root(max(eigen.values[k], 0) + ridge).squareRoot()) }
      let p = product[0..<n * n].matrix(rows: n, columns: n)
      multiplyByItself(transposed: a, into: p)
      p.mirrorLowerTriangle()
      root.elements.copy(from: p.elements)
    }
    return true
  }
}

/// (M31) δ_j, which is added to an element of the diagonal: 0.01 of the mean of A's diagonal where a layer reads data, in whose
/// rare inputs there is little but noise; elsewhere of the geometric mean of that and the element, so that it matters less on
/// which scales a network's units are.
private struct Ridge<Scalar: Real> {
  let mean: Scalar
  private let isFirst: Bool

  /// - Parameters: as in ``RootWorkspace/compute(_:of:correction:power:into:)``.
  init(_ layer: UnitLayer, _ moment: Vector<Scalar>, correction: Scalar) {
    var trace: Scalar = layer.hasBias ? moment[moment.count - 1] : 0
    for (number, columns) in layer.inputBlocks.enumerated() {
      let triangle = moment[layer.place(ofBlock: number)]
      for row in 0..<columns.count { trace += triangle[row * (row + 3) / 2] }
    }
    (mean, isFirst) = (trace * correction / Scalar(layer.width), layer.isFirst)
  }

  func callAsFunction(_ own: Scalar) -> Scalar {
    // Where an input hardly varies, there is more rounding than variance.
    isFirst ? mean / 100 : max(own, mean * 1e-8).squareRoot() * mean.squareRoot() / 100
  }

  func least(of a: Matrix<Scalar>) -> Scalar {
    var least = self(a[0][0])
    for row in 1..<a.rows { least = min(least, self(a[row][row])) }
    return least
  }
}
