/// Lengths of steps by distance estimates in plain loops, from all that has happened instead of from running sums.
///
/// With d_b and d from the steps before, k = (1 − √β) min(d_b, d)² for each block and step;
/// r_b = Σᵢ √βᵗ⁻ⁱ kᵢ gᵢ·(w₀ − wᵢ), s_b = Σᵢ √βᵗ⁻ⁱ kᵢ gᵢ.
public struct ReferenceDistance: Sendable {
  /// β.
  public var decay = 0.999
  /// Whether d is the upper limit of every d_b.
  public var isLimited = true
  /// Whether lengths have the divisor √(1 + (1 − β) t).
  public var shrinks = true

  public private(set) var distances: [Double] = []
  public private(set) var distance = 1e-6
  private var gradients: [[Double]] = []
  private var displacements: [[Double]] = []
  private var gains: [[Double]] = []
  private var origin: [Double] = []

  public init() {}

  /// λ_b for every block, of the step that starts at `w` with this gradient.
  public mutating func lengths(_ w: [Double], gradient: [Double], blocks: [Range<Int>]) -> [Double] {
    if gradients.isEmpty {
      origin = w
      distances = Array(repeating: distance, count: blocks.count)
    }
    let root = decay.squareRoot()
    gradients.append(gradient)
    displacements.append(zip(origin, w).map { $0 - $1 })
    gains.append(limited().map { (1 - root) * $0 * $0 })

    var (products, magnitudes) = ([Double](), [Double]())
    for (b, block) in blocks.enumerated() {
      var product = 0.0
      var sum = Array(repeating: 0.0, count: block.count)
      for i in gradients.indices {
        let gain = (i..<gradients.count - 1).reduce(gains[i][b]) { gain, _ in gain * root }
        for (j, k) in block.enumerated() {
          product += gain * gradients[i][k] * displacements[i][k]
          sum[j] += gain * gradients[i][k]
        }
      }
      products.append(product)
      magnitudes.append(sum.reduce(0) { $0 + $1.magnitude })
    }
    for b in blocks.indices where magnitudes[b] > 0 { distances[b] = max(distances[b], products[b] / magnitudes[b]) }
    let (product, magnitude) = (products.reduce(0, +), magnitudes.reduce(0, +))
    if magnitude > 0 { distance = max(distance, product / magnitude) }
    let divisor = shrinks ? (1 + (1 - decay) * Double(gradients.count - 1)).squareRoot() : 1
    return limited().map { $0 / divisor }
  }

  private func limited() -> [Double] { isLimited ? distances.map { min($0, distance) } : distances }
}
