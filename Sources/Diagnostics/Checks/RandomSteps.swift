internal import Kernels
internal import Networks

/// Steps Δw of many kinds and sizes, addressed by (seed, number).
struct RandomSteps {
  let seed: UInt64
  let blocks: [ParameterLayout.Block]
  let bound: QuadraticBound

  /// The kinds take turns, seven in all; after each round the size is another power of ten from 0.01 to 100.
  private enum Kind: Int, CaseIterable {
    /// Independent normal numbers: for all weights, for one in two, for one in ten.
    case dense, half, tenth
    /// Normal numbers divided by √Ẅ, along which the bound is equally steep; 0 where Ẅ is.
    case scaled
    case singleWeight, singleBlock
    /// Against the gradient: −Ẇ/Ẅ.
    case partitioned
  }

  init(seed: UInt64, layout: ParameterLayout, bound: QuadraticBound) {
    self.seed = seed
    blocks = layout.blocks.filter(\.isTrained)
    self.bound = bound
  }

  /// The step of a number, [parameters]; 0 for running averages.
  subscript(number: Int) -> [Double] {
    let kinds = Kind.allCases
    let kind = kinds[number % kinds.count]
    var size = 0.01
    for _ in 0..<number / kinds.count % 5 { size *= 10 }
    // The blocks of GradientCheck have the addresses from 0.
    let stream = RandomStream(seed: seed, .check, -1 - number)
    let count = bound.curvature.count
    let choice = { (options: Int) in Int(stream[4 * count].multipliedFullWidth(by: UInt64(options)).high) }
    let chosenBlock = blocks[choice(blocks.count)].range
    let chosenWeight = chosenBlock.lowerBound + choice(chosenBlock.count)
    var step = [Double](repeating: 0, count: count)
    for block in blocks {
      for k in block.range {
        let share = stream.uniform(2 * count + k)
        let curvature = bound.curvature[k]
        step[k] =
          switch kind {
          case .dense: size * stream.normal(k)
          case .half: share < 0.5 ? size * stream.normal(k) : 0
          case .tenth: share < 0.1 ? size * stream.normal(k) : 0
          case .scaled: curvature > 0 ? size * stream.normal(k) / curvature.squareRoot() : 0
          case .singleWeight: k == chosenWeight ? size : 0
          case .singleBlock: chosenBlock.contains(k) ? size * stream.normal(k) : 0
          case .partitioned: curvature > 0 ? -size * bound.gradient[k] / curvature : 0
          }
      }
    }
    return step
  }
}
