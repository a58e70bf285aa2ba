public import Kernels

/// `flatten`: turns a sample of any shape into one row of numbers, in their order.
public struct FlattenLayer: LayerDescription {
  public static let names = ["flatten"]

  public init(name: String = "flatten") {}

  public func output(of input: Shape) -> Shape { Shape(input.count) }

  public var worksInPlace: Bool { true }

  public func make<Scalar: Real>(_ site: LayerSite<Scalar>) -> any Layer<Scalar> { Flatten() }
}

extension LayerConfiguration {
  public static var flatten: LayerConfiguration { LayerConfiguration(FlattenLayer()) }
}

/// The layer that a ``FlattenLayer`` describes: all signals pass unchanged.
private final class Flatten<Scalar: Real>: Layer {
  func forward(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    if !site.output.y.isSameMemory(as: site.input.y) { site.output.y.elements.copy(from: site.input.y.elements) }
    totalGradient(site)
  }

  /// (M4) `u⁺ = u`.
  func totalGradient(_ site: Site<Scalar>) { copy(site.input.u, to: site.output.u) }

  /// (M10) in place: there is nothing to do.
  func backward(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    precondition(site.input.yDot.isSameMemory(as: site.output.yDot), "flatten works in place")
  }

  func tangent(_ site: Site<Scalar>, along v: Vector<Scalar>) { copy(site.input.tangent, to: site.output.tangent) }

  private func copy(_ below: Matrix<Scalar>?, to above: Matrix<Scalar>?) {
    guard let above else { return }
    if let below { above.elements.copy(from: below.elements) } else { above.elements.fill(0) }
  }
}
