import Kernels
import Networks

/// A layer with a planted error: the Ẏ that it passes down is too large by a factor; all else is the real layer's.
struct WrongLayer: LayerDescription {
  static let names = ["wrong"]
  static let example: String? = "a layer and a factor"

  let layer: LayerConfiguration
  let factor: Double

  init(_ layer: LayerConfiguration, factor: Double) { (self.layer, self.factor) = (layer, factor) }

  init(name: String) { self.init(.batchNorm, factor: 1) }

  func sized(for input: Shape, at address: LayerAddress) throws(NetworkError) -> WrongLayer {
    WrongLayer(LayerConfiguration(try layer.description.sized(for: input, at: address)), factor: factor)
  }

  func output(of input: Shape) -> Shape { layer.description.output(of: input) }
  func parameters(of input: Shape) -> [ParameterShape] { layer.description.parameters(of: input) }
  var worksInPlace: Bool { layer.description.worksInPlace }

  func make<Scalar: Real>(_ site: LayerSite<Scalar>) -> any Layer<Scalar> {
    Wrong(layer.description.make(site), factor: Scalar(factor))
  }
}

private final class Wrong<Scalar: Real>: Layer {
  private let layer: any Layer<Scalar>
  private let factor: Scalar

  init(_ layer: any Layer<Scalar>, factor: Scalar) { (self.layer, self.factor) = (layer, factor) }

  func reserve(_ room: Room<Scalar>) { layer.reserve(room) }

  func forward(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    try layer.forward(site, over: ranks)
  }

  func totalGradient(_ site: Site<Scalar>) { layer.totalGradient(site) }

  var statistics: StatisticsForm<Scalar> { layer.statistics }

  func backward(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    try layer.backward(site, over: ranks)
    let below = site.input.yDot.elements
    for k in 0..<below.count { below[k] *= factor }
  }

  func tangent(_ site: Site<Scalar>, along v: Vector<Scalar>) { layer.tangent(site, along: v) }

  func addKinkSides(rows: Int, to sides: inout KinkSides) { layer.addKinkSides(rows: rows, to: &sides) }
}
