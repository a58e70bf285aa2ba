internal import Kernels

/// The graph of a network: its steps in the order of the forward pass, and what each boundary between them carries.
///
/// Boundary 0 is the input; step k writes boundary k + 1. Where a network forks, several steps read one boundary; a sum
/// joins two boundaries. All passes walk the plan: forward in the order of the steps, backward in the opposite order.
/// In the backward pass, the Ẏ and Z of a boundary are the sums of what its readers pass back. The last reader comes
/// first and writes; the other readers add.
public struct SignalPlan: Sendable {
  /// What a step computes.
  enum Operation: Sendable {
    case layer(LayerConfiguration)
    /// y⁺ = y + y', u⁺ = u + u', with y' and u' at another boundary; Ẏ and Z go to both.
    case sum(with: Int)
  }

  struct Step: Sendable {
    let operation: Operation
    let address: LayerAddress
    /// The boundary below.
    let input: Int
    let parameters: [ParameterShape]
    /// Whether y, Ẏ and Z may share the memory of the boundary below.
    let worksInPlace: Bool
  }

  struct Boundary: Sendable {
    let shape: Shape
    /// The steps that read it, in their order.
    var readers: [Int] = []
    /// Whether a layer below has parameters: then u can differ from zero (M3), and Ẏ and Z are needed.
    let carriesTotalGradient: Bool
  }

  private(set) var steps: [Step] = []
  private(set) var boundaries: [Boundary]

  /// - Parameter layers: the layers, with every size written out.
  init(_ layers: [LayerConfiguration], input: Shape) {
    boundaries = [Boundary(shape: input, carriesTotalGradient: false)]
    var top = 0
    for (number, layer) in layers.enumerated() {
      top = layer.description.add(to: &self, above: top, at: LayerAddress(number))
    }
  }

  /// The plan of a network.
  ///
  /// - Throws: ``NetworkError`` when the layers do not fit together.
  public init(_ layers: [LayerConfiguration], inputShape: Shape) throws(NetworkError) {
    self.init(try LayerConfiguration.resolve(layers, input: inputShape), input: inputShape)
  }

  /// The layers that compute, each with the shape of its input.
  public var layers: [(layer: LayerConfiguration, input: Shape)] {
    steps.compactMap { step in
      guard case .layer(let layer) = step.operation else { return nil }
      return (layer, boundaries[step.input].shape)
    }
  }

  /// Adds a layer that computes.
  ///
  /// - Returns: the boundary above it.
  public mutating func add(_ layer: LayerConfiguration, above boundary: Int, at address: LayerAddress) -> Int {
    let below = boundaries[boundary]
    let parameters = layer.description.parameters(of: below.shape)
    return add(
      Step(
        operation: .layer(layer), address: address, input: boundary, parameters: parameters,
        worksInPlace: layer.description.worksInPlace),
      reading: [boundary],
      Boundary(
        shape: layer.description.output(of: below.shape),
        carriesTotalGradient: below.carriesTotalGradient || !parameters.isEmpty))
  }

  /// Adds the sum of two boundaries of one shape.
  ///
  /// - Parameters:
  ///   - boundary: must not be read by any other step.
  ///   - other: may carry a total gradient only if `boundary` does.
  /// - Returns: the boundary above it.
  public mutating func addSum(of boundary: Int, and other: Int, at address: LayerAddress) -> Int {
    let (below, beside) = (boundaries[boundary], boundaries[other])
    precondition(below.shape == beside.shape, "numbers that are added have one shape")
    precondition(below.carriesTotalGradient || !beside.carriesTotalGradient, "a branch carries what its fork carries")
    return add(
      Step(operation: .sum(with: other), address: address, input: boundary, parameters: [], worksInPlace: true),
      reading: [boundary, other],
      Boundary(shape: below.shape, carriesTotalGradient: below.carriesTotalGradient))
  }

  private mutating func add(_ step: Step, reading sources: [Int], _ output: Boundary) -> Int {
    for source in sources { boundaries[source].readers.append(steps.count) }
    steps.append(step)
    boundaries.append(output)
    return steps.count
  }

  /// The boundary of the outputs.
  var top: Int { steps.count }

  /// Whether a step writes y, Ẏ and Z to the memory of the boundary below.
  func isInPlace(_ step: Int) -> Bool {
    steps[step].worksInPlace && boundaries[steps[step].input].readers.count == 1
  }

  /// Whether y above a step is still in memory in the backward pass: no reader works in place.
  func keepsOutput(_ step: Int) -> Bool { !boundaries[step + 1].readers.contains(where: isInPlace) }

  /// The largest number of units of a boundary to which a step adds what it passes back.
  var widestEdge: Int {
    boundaries.reduce(0) { widest, boundary in
      boundary.carriesTotalGradient && boundary.readers.count > 1 ? max(widest, boundary.shape.count) : widest
    }
  }

  /// The smallest number of rows over which a layer computes mean and variance in a global minibatch of `samples`
  /// samples; nil where no layer does.
  func normalizedRows(samples: Int) -> Int? {
    steps.compactMap { step in
      guard case .layer(let layer) = step.operation else { return nil }
      return layer.description.normalizedRowsPerSample(of: boundaries[step.input].shape)
    }.min().map { $0 * samples }
  }
}

extension SignalPlan {
  /// What the passes need to know about a step, as plain numbers and flags.
  struct Link: Sendable {
    /// The boundary below, and the other one that a sum adds.
    let input: Int
    let other: Int?
    let worksInPlace: Bool
    /// Whether the boundaries below and above carry a total gradient.
    let carriesBelow, carriesAbove: Bool
    /// Whether the step is the first in the backward pass to reach the boundary below, and the other boundary.
    let writesInput, writesOther: Bool
  }

  /// The links of all steps.
  var links: [Link] {
    steps.enumerated().map { index, step in
      let other: Int? = if case .sum(let other) = step.operation { other } else { nil }
      return Link(
        input: step.input, other: other, worksInPlace: step.worksInPlace,
        carriesBelow: boundaries[step.input].carriesTotalGradient,
        carriesAbove: boundaries[index + 1].carriesTotalGradient, writesInput: writesFirst(index, to: step.input),
        writesOther: other.map { writesFirst(index, to: $0) } ?? false)
    }
  }

  /// Whether a step is the first in the backward pass to reach a boundary that it reads.
  private func writesFirst(_ step: Int, to boundary: Int) -> Bool { boundaries[boundary].readers.last == step }
}

/// A quantity that a network keeps for every sample at its boundaries.
enum Signal: CaseIterable {
  case value, totalGradient, yDot, z
}

/// Where the memory of a signal at a boundary is.
enum SignalMemory: Equatable {
  case none
  /// The memory of another boundary, since the step between them works in place.
  case same(as: Int)
  case own(units: Int)
}

extension SignalPlan {
  /// Where the signal of each boundary lies: steps that work in place share memory for y, Ẏ and Z.
  func memory(of signal: Signal) -> [SignalMemory] {
    func isNeeded(_ boundary: Int) -> Bool {
      switch signal {
      case .value: boundary > 0
      case .totalGradient, .yDot, .z: boundaries[boundary].carriesTotalGradient
      }
    }
    return boundaries.indices.map { boundary in
      guard isNeeded(boundary) else { return .none }
      if signal != .totalGradient, boundary > 0, isInPlace(boundary - 1), isNeeded(steps[boundary - 1].input) {
        return .same(as: steps[boundary - 1].input)
      }
      return .own(units: boundaries[boundary].shape.count)
    }
  }
}
