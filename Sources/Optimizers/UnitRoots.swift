public import Kernels
public import Networks

/// (M31) (Â + Δ)^-p for every layer whose curvature is by unit: a matrix on the right of the layer's [W b].
///
/// A matrix of up to 1024 rows is kept whole. A larger one is s I + Σ_k c_k v_k v_kᵀ, with the 128 greatest eigenvalues of Â
/// and their eigenvectors; s stands for the mean of the others.
public final class UnitRoots<Scalar: Real> {
  public let layers: [UnitLayer]
  /// The matrices, one after the other.
  let numbers: Vector<Scalar>
  /// For each layer, the place of its matrix, and whether there is one yet; where there is none it is I.
  let places: [Range<Int>]
  private(set) var isPresent: [Bool]

  private let products = ProductWorkspace<Scalar>()
  /// M v of the eigenvectors, [outputs × rank].
  private let components: Vector<Scalar>
  /// As many numbers as the parameters up to the last layer's.
  private lazy var scratch = Arena<Scalar>(count: layers.last?.parameters.upperBound ?? 0).all

  /// The most rows of a matrix that is kept whole: its eigenvalues take about 9 n³ operations.
  static var widestWhole: Int { 1024 }
  /// The number of eigenvectors of a larger one.
  static var rank: Int { 128 }

  public init(_ layers: [UnitLayer]) {
    self.layers = layers
    var (places, end) = ([Range<Int>](), 0)
    for layer in layers {
      places.append(end..<end + Self.count(layer))
      end += Self.count(layer)
      products.reserve(rows: layer.outputs, columns: layer.inputs, terms: max(layer.inputs, Self.rank))
      if !Self.isWhole(layer) { products.reserve(rows: layer.outputs, columns: Self.rank, terms: layer.inputs) }
    }
    self.places = places
    numbers = Arena(count: end).all
    isPresent = Array(repeating: false, count: layers.count)
    components = Arena(count: Self.rank * (layers.filter { !Self.isWhole($0) }.map(\.outputs).max() ?? 0)).all
  }

  static func isWhole(_ layer: UnitLayer) -> Bool { layer.width <= widestWhole }

  /// The numbers of a layer's matrix.
  public static func count(_ layer: UnitLayer) -> Int {
    isWhole(layer) ? layer.width * layer.width : 1 + rank * (1 + layer.width)
  }

  /// A matrix in the parts in which it is applied. With a bias, the last row and column are apart.
  struct Whole {
    /// [inputs × inputs].
    let core: Matrix<Scalar>
    /// The last row without the last element, [inputs]; and the last element.
    let edge, corner: Vector<Scalar>
  }

  func whole(_ index: Int) -> Whole {
    let (layer, root) = (layers[index], numbers[places[index]])
    let (n, end) = (layer.inputs, layer.inputs * layer.inputs)
    return Whole(
      core: root[0..<end].matrix(rows: n, columns: n), edge: root[end..<end + (layer.hasBias ? n : 0)],
      corner: root[root.count - (layer.hasBias ? 1 : 0)..<root.count])
  }

  /// A larger matrix: s, c, and the eigenvectors without and with their last element.
  struct LowRank {
    let shift, gains: Vector<Scalar>
    /// [rank × inputs].
    let vectors: Matrix<Scalar>
    /// The eigenvectors' elements for the bias, [rank]; empty without one.
    let edge: Vector<Scalar>
  }

  func lowRank(_ index: Int) -> LowRank {
    let (layer, root, rank) = (layers[index], numbers[places[index]], Self.rank)
    let end = 1 + rank + rank * layer.inputs
    return LowRank(
      shift: root[0..<1], gains: root[1..<1 + rank],
      vectors: root[1 + rank..<end].matrix(rows: rank, columns: layer.inputs), edge: root[end..<root.count])
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

  /// D ← M (Â + Δ)^-p for some output units of a layer.
  ///
  /// - Parameters:
  ///   - index: the layer's number in ``layers``.
  ///   - m, d: all parameters' vectors, of which the layer's units are read and written; different memory.
  /// - Complexity: units · n² multiplications; 2 · units · n · rank for a larger matrix. Allocates nothing.
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
    if Self.isWhole(layer) {
      let root = whole(index)
      guard layer.hasBias else { return multiplyPair(rows(m), nil, root.core, into: rows(d), nil, workspace: products) }
      let (mBias, dBias) = (biases(m), biases(d))
      addOuter(mBias, root.edge, into: rows(d))
      multiplyPair(rows(m), nil, root.core, into: rows(d), nil, beta: 1, workspace: products)
      for unit in 0..<units.count { dBias[unit] = rows(m)[unit].dot(root.edge) + root.corner[0] * mBias[unit] }
      return
    }
    let root = lowRank(index)
    let t = components[0..<units.count * Self.rank].matrix(rows: units.count, columns: Self.rank)
    if layer.hasBias {
      addOuter(biases(m), root.edge, into: t)
      multiplyPair(rows(m), nil, transposed: root.vectors, into: t, nil, beta: 1, workspace: products)
    } else {
      multiplyPair(rows(m), nil, transposed: root.vectors, into: t, nil, workspace: products)
    }
    for unit in 0..<units.count { update(t[unit], root.gains) { $0 * $1 } }
    let shift = root.shift[0]
    map(rows(m).elements, into: rows(d).elements) { shift * $0 }
    multiplyPair(t, nil, root.vectors, into: rows(d), nil, beta: 1, workspace: products)
    guard layer.hasBias else { return }
    let (mBias, dBias) = (biases(m), biases(d))
    for unit in 0..<units.count { dBias[unit] = shift * mBias[unit] + t[unit].dot(root.edge) }
  }

  /// v ← v (Â + Δ)^-p for all units of all layers; other parameters stay. The first call allocates memory.
  public func apply(to v: Vector<Scalar>) {
    let scratch = scratch
    for (index, layer) in layers.enumerated() where isPresent[index] {
      apply(index, units: 0..<layer.outputs, v, into: scratch)
      v[layer.parameters].copy(from: scratch[layer.parameters])
    }
  }
}

/// C ← a bᵀ.
@inline(__always)
private func addOuter<Scalar: Real>(_ a: Vector<Scalar>, _ b: Vector<Scalar>, into c: Matrix<Scalar>) {
  for row in 0..<c.rows {
    let factor = a[row]
    map(b, into: c[row]) { factor * $0 }
  }
}

/// How roots are computed, and the memory for it.
final class RootWorkspace<Scalar: Real> {
  private let square, product: Vector<Scalar>
  private let eigen: EigenDecomposition<Scalar>
  /// [rank × n] each, for low-rank matrices.
  private let basis, image: Vector<Scalar>

  init(_ layers: [UnitLayer]) {
    let rank = UnitRoots<Scalar>.rank
    let whole = layers.filter(UnitRoots<Scalar>.isWhole).map(\.width).max() ?? 0
    let large = layers.filter { !UnitRoots<Scalar>.isWhole($0) }.map(\.width).max() ?? 0
    let widest = max(whole, large)
    square = Arena(count: widest * widest).all
    product = Arena(count: max(whole * whole, large > 0 ? rank * rank : 0)).all
    eigen = EigenDecomposition(largest: max(whole, large > 0 ? rank : 0))
    (basis, image) = (Arena(count: rank * large).all, Arena(count: rank * large).all)
  }

  /// How many numbers it holds.
  static func count(_ layers: [UnitLayer]) -> Int {
    let rank = UnitRoots<Scalar>.rank
    let whole = layers.filter(UnitRoots<Scalar>.isWhole).map(\.width).max() ?? 0
    let large = layers.filter { !UnitRoots<Scalar>.isWhole($0) }.map(\.width).max() ?? 0
    let widest = max(whole, large)
    let factored = max(whole, large > 0 ? rank : 0)
    return widest * widest + factored * factored + EigenDecomposition<Scalar>.workCount(factored) + 2 * rank * large
  }

  /// (M31) (Â + Δ)^-p, into a layer's place. NaN where Â has elements that are not finite.
  ///
  /// - Parameters:
  ///   - packed: the lower triangle of a multiple of Â.
  ///   - correction: the factor that makes it Â.
  func compute(
    _ index: Int, of packed: Vector<Scalar>, correction: Scalar, power: CurvaturePower, into roots: UnitRoots<Scalar>
  ) {
    let layer = roots.layers[index]
    let n = layer.width
    let a = square[0..<n * n].matrix(rows: n, columns: n)
    a.unpackLowerTriangle(from: packed)
    a.elements.scale(by: correction)
    let ridge = addRidge(to: a, isFirst: layer.isFirst)
    let isFound =
      UnitRoots<Scalar>.isWhole(layer)
      ? computeWhole(a, ridge: ridge, power, into: roots.whole(index), hasBias: layer.hasBias)
      : computeLowRank(a, ridge: ridge, power, isWarm: roots.isPresent[index], roots.lowRank(index))
    if !isFound { roots.numbers[roots.places[index]].fill(.nan) }
  }

  /// A ← A + Δ − δI, where δ is the least element of Δ. Δ is diagonal: 0.01 of the mean of A's diagonal where a layer reads
  /// data, in whose rare inputs there is little but noise; elsewhere of the geometric mean of that and the input's own A_jj, so
  /// that it matters less on which scales a network's units are.
  ///
  /// - Returns: δ.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func addRidge(to a: Matrix<Scalar>, isFirst: Bool) -> Scalar {
    let n = a.rows
    var trace: Scalar = 0
    for k in 0..<n { trace += a[k][k] }
    let mean = trace / Scalar(n)
    guard !isFirst else { return mean / 100 }
    // Where an input has hardly been other than 0, rounding is more than A_jj.
    let root = mean.squareRoot()
    func ridge(_ k: Int) -> Scalar { max(a[k][k], mean * 1e-8).squareRoot() * root / 100 }
    var least = mean
    for k in 0..<n { least = min(least, ridge(k)) }
    for k in 0..<n { a[k][k] += ridge(k) - least }
    return least
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func computeWhole(
    _ a: Matrix<Scalar>, ridge: Scalar, _ power: CurvaturePower, into root: UnitRoots<Scalar>.Whole, hasBias: Bool
  ) -> Bool {
    let n = a.rows
    let p: Matrix<Scalar>
    switch power {
    case .one:
      for k in 0..<n { a[k][k] += ridge }
      guard invert(a) else { return false }
      p = a
    case .half:
      guard eigen.decompose(a) else { return false }
      for k in 0..<n {
        let factor = 1 / (max(eigen.values[k], 0) + ridge).squareRoot().squareRoot()
        a[k].scale(by: factor)
      }
      p = product[0..<n * n].matrix(rows: n, columns: n)
      multiplyByItself(transposed: a, into: p)
      p.mirrorLowerTriangle()
    }
    let inputs = root.core.rows
    for row in 0..<inputs { root.core[row].copy(from: p[row][0..<inputs]) }
    if hasBias {
      root.edge.copy(from: p[inputs][0..<inputs])
      root.corner[0] = p[inputs][inputs]
    }
    return true
  }

  /// By subspace iteration, which starts at the last eigenvectors.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func computeLowRank(
    _ a: Matrix<Scalar>, ridge: Scalar, _ power: CurvaturePower, isWarm: Bool, _ root: UnitRoots<Scalar>.LowRank
  ) -> Bool {
    let (n, rank, inputs) = (a.rows, root.vectors.rows, root.vectors.columns)
    let (q, y) = (
      basis[0..<rank * n].matrix(rows: rank, columns: n), image[0..<rank * n].matrix(rows: rank, columns: n)
    )
    a.mirrorLowerTriangle()
    let trace = (0..<n).reduce(0) { $0 + a[$1][$1] }
    if isWarm {
      for k in 0..<rank {
        q[k][0..<inputs].copy(from: root.vectors[k])
        if n > inputs { q[k][inputs] = root.edge[k] }
      }
    } else {
      let random = RandomStream(seed: 0, .subspace)
      for k in 0..<q.elements.count { q.elements[k] = Scalar(random.normal(k)) }
    }
    let small = product[0..<rank * rank].matrix(rows: rank, columns: rank)
    for _ in 0..<(isWarm ? 1 : 5) {
      multiply(q, a, into: y)
      guard orthonormalize(y, into: q, small) else { return false }
    }
    // The eigenvectors within the subspace.
    multiply(q, a, into: y)
    multiply(y, transposed: q, into: small)
    guard eigen.decompose(small) else { return false }
    multiply(small, q, into: y)
    // A matrix of a lower rank has fewer directions.
    var (found, directions): (Scalar, Int) = (0, 0)
    for k in 0..<rank where y[k].dot(y[k]) > 0.5 {
      found += max(eigen.values[k], 0)
      directions += 1
    }
    let shift = Self.root(max(trace - found, 0) / Scalar(n - directions) + ridge, power)
    root.shift[0] = shift
    for k in 0..<rank {
      root.gains[k] = Self.root(max(eigen.values[k], 0) + ridge, power) - shift
      root.vectors[k].copy(from: y[k][0..<inputs])
      if n > inputs { root.edge[k] = y[k][inputs] }
    }
    return true
  }

  /// Q ← an orthonormal basis of the rows of Y. Rows are brought to one length first; twice, since the first time loses
  /// digits where they nearly agree.
  private func orthonormalize(_ y: Matrix<Scalar>, into q: Matrix<Scalar>, _ small: Matrix<Scalar>) -> Bool {
    for turn in 0..<2 {
      let source = turn == 0 ? y : q
      for k in 0..<source.rows {
        let length = source[k].dot(source[k]).squareRoot()
        if length > 0 { source[k].scale(by: 1 / length) }
      }
      multiply(source, transposed: source, into: small)
      guard eigen.decompose(small) else { return false }
      // Directions that are lost in rounding get no weight.
      let least = Scalar.ulpOfOne * Scalar(source.rows)
      for k in 0..<small.rows {
        let value = eigen.values[k]
        small[k].scale(by: value > least ? 1 / value.squareRoot() : 0)
      }
      if turn == 0 {
        multiply(small, y, into: q)
      } else {
        multiply(small, q, into: y)
        q.elements.copy(from: y.elements)
      }
    }
    return true
  }

  /// x^-p.
  private static func root(_ x: Scalar, _ power: CurvaturePower) -> Scalar {
    1 / (power == .half ? x.squareRoot() : x)
  }
}
