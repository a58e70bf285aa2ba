public import Kernels

/// A graph of layers with the signals of one minibatch at every boundary between them; see ``SignalPlan``.
///
/// Boundary 0 is the input, the last one the output. The network owns no parameters: the caller has arenas for the
/// parameters, Ẇ and Ẅ, in the order of ``layout``.
public final class Network<Scalar: Real> {
  /// The layers with every size written out.
  public let configuration: [LayerConfiguration]
  public let layout: ParameterLayout

  /// The shape of a sample.
  public let inputShape: Shape
  /// The number of input features and output units.
  public let inputs: Int
  public let outputs: Int
  let plan: SignalPlan
  /// What the passes need from the plan; whether each boundary can carry a total gradient.
  let links: [SignalPlan.Link]
  let carriesTotalGradient: [Bool]
  /// The layer of each step; nil for sums.
  let layers: [(any Layer<Scalar>)?]
  /// The layers whose curvature can be by unit.
  public let unitLayers: [UnitLayer]
  /// The layer at the output, if it can form the squared error together with the signals below it.
  let squaredErrorLayer: (any Layer<Scalar>)?
  /// The number of steps, and of the boundary of the outputs.
  var top: Int { links.count }
  /// The largest number of samples that fit the workspaces.
  public private(set) var capacity = 0
  /// The workspace of the layers' products.
  private let products: ProductWorkspace<Scalar>
  /// The number of units above all steps together.
  public var units: Int { plan.boundaries.dropFirst().reduce(0) { $0 + $1.shape.count } }
  /// An estimate of how many numbers a pass uses for each sample: y, u, Ẏ, Z, σ' and σ'' of each unit, with the inputs
  /// counted as units.
  public var numbersPerSample: Int { 6 * (inputs + units) }
  /// The same for all samples of the ranks that share their signals, plus the workspace of products.
  public var workspaceCount: Int { numbersPerSample * (sharing?.rows ?? capacity) + products.count }
  /// The losses of this rank's lanes of the last minibatch whose statistics were formed lane by lane.
  public internal(set) var laneLosses: [Double] = []

  /// y at the boundaries above the layers, and u, Ẏ, Z at all boundaries that need them, [capacity × units].
  private(set) var values: [Matrix<Scalar>] = []
  private(set) var totalGradients: [Matrix<Scalar>] = []
  private(set) var yDots: [Matrix<Scalar>] = []
  private(set) var zs: [Matrix<Scalar>] = []
  /// Ẏ and Z that are to be added at a boundary where another step has already written, [capacity × units of the widest
  /// such boundary].
  private(set) var edges: (yDot: Vector<Scalar>, z: Vector<Scalar>)
  /// A matrix of no numbers.
  let none = Matrix<Scalar>(rows: 0, columns: 0)

  /// The last forward pass, and the size of its global minibatch.
  var pass = Pass.evaluation
  var samples = 0
  let ids = RowIDs()

  /// (M32) The exponents of u and Z, and when they are chosen again.
  var exponents: SignalExponents
  var cadence = ExponentCadence()
  /// The exponent b of each block of ``layout``: Ẅ of a block is 2^b times the sums that a pass forms.
  public internal(set) var curvatureExponents: [Int]
  /// Chooses the exponents; nil before they are wanted, and in the network of a probe.
  private(set) var probe: SignalProbe<Scalar>?
  /// Whether the passes themselves choose the exponents, and the largest magnitude of an exponent that they have seen.
  let isProbe: Bool
  var reach = 0

  /// A network for samples of a shape.
  ///
  /// - Throws: ``NetworkError`` when the layers do not fit together.
  public convenience init(_ layers: [LayerConfiguration], inputShape: Shape) throws(NetworkError) {
    try self.init(layers, inputShape: inputShape, isProbe: false)
  }

  init(_ layers: [LayerConfiguration], inputShape: Shape, isProbe: Bool) throws(NetworkError) {
    configuration = try LayerConfiguration.resolve(layers, input: inputShape)
    plan = SignalPlan(configuration, input: inputShape)
    (links, carriesTotalGradient) = (plan.links, plan.boundaries.map(\.carriesTotalGradient))
    products = ProductWorkspace()
    let built = Self.layers(plan, products)
    self.layers = built
    self.inputShape = inputShape
    (inputs, outputs) = (inputShape.count, plan.boundaries[plan.top].shape.count)
    layout = ParameterLayout(plan)
    unitLayers = Self.unitLayers(plan, layout, built)
    // Only if the boundary below carries a total gradient, that is, if a layer below has parameters.
    let output = links.last?.carriesBelow == true ? built[links.count - 1] : nil
    squaredErrorLayer = output?.formsSquaredError == true ? output : nil
    edges = (none.elements, none.elements)
    self.isProbe = isProbe
    exponents = SignalExponents(boundaries: plan.boundaries.count)
    curvatureExponents = Array(repeating: 0, count: layout.blocks.count)
  }

  /// A network for samples of `inputs` features.
  ///
  /// - Throws: ``NetworkError`` when the layers do not fit together.
  public convenience init(_ layers: [LayerConfiguration], inputs: Int) throws(NetworkError) {
    try self.init(layers, inputShape: Shape(inputs))
  }

  /// New layers for the steps of a plan.
  private static func layers(
    _ plan: SignalPlan, _ products: ProductWorkspace<Scalar>
  ) -> [(any Layer<Scalar>)?] {
    plan.steps.enumerated().map { index, step in
      guard case .layer(let layer) = step.operation else { return nil }
      let (below, above) = (plan.boundaries[step.input], plan.boundaries[index + 1])
      return layer.description.make(
        LayerSite(
          input: below.shape, output: above.shape, address: step.address,
          inputCarriesTotalGradient: below.carriesTotalGradient, keepsOutput: plan.keepsOutput(index),
          products: products))
    }
  }

  /// The layer that a block of parameters belongs to.
  public func layer(of block: ParameterLayout.Block) -> LayerConfiguration? {
    if case .layer(let layer) = plan.steps[block.step].operation { layer } else { nil }
  }

  /// The smallest number of rows over which a layer computes mean and variance in a global minibatch of `samples`
  /// samples; nil where no layer does.
  public func normalizedRows(samples: Int) -> Int? { plan.normalizedRows(samples: samples) }

  /// How the ranks of a machine share the signals of a minibatch; nil where every rank has its own.
  private(set) var sharing: Sharing?
  /// The row of the workspaces at which this rank's rows begin, and the number of rows of all ranks that share them.
  private(set) var firstRow = 0
  public private(set) var sharedRows = 0

  /// Allocates every workspace for minibatches of up to `samples` samples. After that, a step allocates nothing.
  public func reserve(samples: Int) {
    guard samples > capacity else { return }
    precondition(sharing == nil, "workspaces that ranks share cannot grow")
    reserveLayers(samples: samples)
    makeWorkspaces { _, units in Matrix(rows: samples, columns: units) }
  }

  /// Allocates the workspaces for ``reserve(_:in:)``.
  func reserve(_ sharing: Sharing, _ make: (Signal, _ units: Int) -> Matrix<Scalar>) {
    self.sharing = sharing
    reserveLayers(samples: sharing.samples)
    makeWorkspaces(make)
  }

  /// Makes room for choosing exponents, so that ``chooseExponents(_:pass:bound:)`` allocates nothing.
  public func reserveExponents() {
    if probe == nil, !isProbe { probe = SignalProbe(configuration, inputShape: inputShape) }
  }

  private func reserveLayers(samples: Int) {
    capacity = samples
    let room = Room<Scalar>(samples: samples, sharing: sharing, bound: sharing?.bound, allocates: true)
    for layer in layers { layer?.reserve(room) }
    func edge() -> Vector<Scalar> { room.matrix(columns: plan.widestEdge).elements }
    edges = (edge(), edge())
  }

  /// The size that the layers' workspaces would have.
  func layerWorkspace(samples: Int, sharing: Sharing?, bound: Bound?) -> WorkspaceSize {
    let room = Room<Scalar>(samples: samples, sharing: sharing, bound: bound, allocates: false)
    // Separate layers, so that the layers in use keep their workspaces.
    for layer in Self.layers(plan, ProductWorkspace()) { layer?.reserve(room) }
    _ = room.matrix(columns: plan.widestEdge)
    _ = room.matrix(columns: plan.widestEdge, isTouched: bound != nil)
    return room.size
  }

  private func makeWorkspaces(_ make: (Signal, _ units: Int) -> Matrix<Scalar>) {
    func workspaces(_ signal: Signal) -> [Matrix<Scalar>] {
      var matrices: [Matrix<Scalar>] = []
      for memory in plan.memory(of: signal) {
        switch memory {
        case .none: matrices.append(none)
        case .same(let boundary): matrices.append(matrices[boundary])
        case .own(let units): matrices.append(make(signal, units))
        }
      }
      return matrices
    }
    (values, totalGradients) = (workspaces(.value), workspaces(.totalGradient))
    (yDots, zs) = (workspaces(.yDot), workspaces(.z))
  }

  /// Chooses this rank's rows of the workspaces for the next minibatch.
  ///
  /// - Parameters:
  ///   - firstRow: the number of rows of the ranks before this one.
  ///   - rows: the number of rows of all ranks that share the workspaces.
  public func place(firstRow: Int, of rows: Int) {
    precondition(
      sharing.map { rows <= $0.rows } ?? false, "the rows of all ranks must fit the workspaces that they share")
    (self.firstRow, sharedRows) = (firstRow, rows)
  }
}
