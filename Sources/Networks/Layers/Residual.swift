public import Kernels

/// `{residual: [{dense: 64}, tanh, {dense: 64}]}`: y⁺ = y + F(y), with the layers of the list as the branch F.
///
/// It computes nothing itself. The layers of its branch become steps of the plan, like the layers of the network's own
/// list, between a fork and a sum. (M4) `u⁺ = u + u_F`. In the backward pass, Ẏ and Z go through the branch and around
/// it, and are added at the fork. The full bound (M13) adds nothing for the path around the branch.
public struct ResidualLayer: LayerDescription {
  public static let names = ["residual"]
  public static let example: String? =
    "the layers of its branch, for example {residual: [{dense: 64}, tanh, {dense: 64}]}"

  public static let isNamedAlone = false

  public let branch: [LayerConfiguration]

  public init(_ branch: [LayerConfiguration]) { self.branch = branch }

  public init(name: String) { branch = [] }

  public init(from decoder: any Decoder) throws { branch = try [LayerConfiguration](from: decoder) }

  public func encode(to encoder: any Encoder) throws { try branch.encode(to: encoder) }

  public func sized(for input: Shape, at address: LayerAddress) throws(NetworkError) -> ResidualLayer {
    guard !branch.isEmpty else {
      throw NetworkError("network: layer \(address) is residual with an empty branch; it needs \(Self.example ?? "")")
    }
    let (layers, output) = try LayerConfiguration.sized(branch, for: input, in: address)
    guard output == input else {
      let isRow = input.dimensions.count == 1
      let remedy =
        (isRow ? [] : ["put flatten before it"])
        + (output.count == input.count
          ? [] : ["end the branch with as many numbers, for example {dense: \(input.count)}"])
      throw NetworkError(
        "network: layer \(address) is residual, and its branch gives \(output), but what it is added to is \(input); "
          + remedy.joined(separator: ", and "))
    }
    return ResidualLayer(layers)
  }

  public func with(branch: [LayerConfiguration]) -> ResidualLayer { ResidualLayer(branch) }

  public func add(to plan: inout SignalPlan, above fork: Int, at address: LayerAddress) -> Int {
    var top = fork
    for (number, layer) in branch.enumerated() {
      top = layer.description.add(to: &plan, above: top, at: address.branch(number))
    }
    return plan.addSum(of: top, and: fork, at: address)
  }

  public func make<Scalar: Real>(_ site: LayerSite<Scalar>) -> any Layer<Scalar> {
    preconditionFailure("the layers of a branch are steps of the plan themselves")
  }
}

extension LayerConfiguration {
  /// y⁺ = y + F(y).
  public static func residual(_ branch: [LayerConfiguration]) -> LayerConfiguration {
    LayerConfiguration(ResidualLayer(branch))
  }
}
