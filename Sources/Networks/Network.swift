public import Kernels

/// A stack of layers with the signals of one minibatch at every boundary between them.
///
/// Boundary 0 is the input, boundary L the output. The network owns no parameters: they, Ẇ and Ẅ are arenas of the
/// caller with the order of ``layout``.
public final class Network<Scalar: Real> {
  /// The layers with every size written out; empty for a network that was put together from layers.
  public let configuration: [LayerConfiguration]
  public let layers: [any Layer<Scalar>]
  public let layout: ParameterLayout

  /// The number of input features and output units.
  public let inputs: Int
  public let outputs: Int
  /// The most samples that fit the workspaces.
  public private(set) var capacity = 0
  /// What the layers' products work in.
  private let products: ProductWorkspace<Scalar>
  /// An estimate of the numbers that a pass works with for each sample: y, u, Ẏ, Z, σ' and σ'' of each unit, the inputs among
  /// them.
  public var numbersPerSample: Int { 6 * layers.reduce(inputs) { $0 + $1.outputs } }
  /// The same for all samples of the ranks that share their signals, and what products work in.
  public var workspaceCount: Int { numbersPerSample * (sharing?.rows ?? capacity) + products.count }
  /// The losses of this rank's lanes of the last minibatch whose statistics were formed lane by lane.
  public internal(set) var laneLosses: [Double] = []

  /// The lowest layer with parameters: nothing below it needs Ẏ or Z.
  let lowestTrained: Int
  /// For each boundary, whether its total gradient can be other than zero.
  let carriesTotalGradient: [Bool]

  /// y at the boundaries above the layers, and u, Ẏ, Z at all boundaries that need them, [capacity × units].
  private(set) var values: [Matrix<Scalar>] = []
  private(set) var totalGradients: [Matrix<Scalar>] = []
  private(set) var yDots: [Matrix<Scalar>] = []
  private(set) var zs: [Matrix<Scalar>] = []

  /// What the last forward pass prepared.
  var preparation = Pass.Preparation.everything
  /// The activation at the output, where its derivatives follow from the outputs.
  let outputActivation: Activation?

  /// A network for inputs of `inputs` features.
  ///
  /// - Throws: ``NetworkError`` when the layers do not fit together.
  public convenience init(_ layers: [LayerConfiguration], inputs: Int) throws(NetworkError) {
    let configuration = try LayerConfiguration.resolve(layers, inputs: inputs)
    let products = ProductWorkspace<Scalar>()
    var built: [any Layer<Scalar>] = []
    var (units, carries) = (inputs, false)
    for (number, layer) in configuration.enumerated() {
      let next: any Layer<Scalar> = layer.makeLayer(
        number: number, inputs: units, inputCarriesTotalGradient: carries, workspace: products)
      carries = carries || next.introducesTotalGradient
      units = next.outputs
      built.append(next)
    }
    self.init(layers: built, configuration: configuration, inputs: inputs, products: products)
  }

  /// A network of given layers, each with the inputs that the one below gives: for layers of another module.
  public convenience init(layers: [any Layer<Scalar>], inputs: Int) {
    self.init(layers: layers, configuration: [], inputs: inputs, products: ProductWorkspace())
  }

  private init(
    layers: [any Layer<Scalar>], configuration: [LayerConfiguration], inputs: Int, products: ProductWorkspace<Scalar>
  ) {
    self.products = products
    var (units, carries) = (inputs, [false])
    for layer in layers {
      precondition(layer.inputs == units, "a layer must have the inputs that the one below it gives")
      carries.append(carries[carries.count - 1] || layer.introducesTotalGradient)
      units = layer.outputs
    }
    self.layers = layers
    self.configuration = configuration
    self.inputs = inputs
    outputs = units
    carriesTotalGradient = carries
    layout = ParameterLayout(layers.map(\.parameters))
    lowestTrained = layers.firstIndex { !$0.parameters.isEmpty } ?? 0
    for (index, layer) in layers.enumerated() {
      guard let layer = layer as? ActivationLayer<Scalar> else { continue }
      layer.keepsValue = index + 1 == layers.count || !layers[index + 1].worksInPlace
    }
    let output = (layers.last as? ActivationLayer<Scalar>)?.activation
    // With a total gradient below it, which layers without parameters do not have.
    let followsTrained = layers.count > 1 && carries[layers.count - 1]
    outputActivation = followsTrained && output?.hasDerivativesOfValue == true ? output : nil
  }

  /// The fewest rows over which a layer takes mean and variance in a global minibatch of so many samples; nil where no
  /// layer takes them.
  public func normalizedRows(samples: Int) -> Int? {
    layers.compactMap(\.normalizedRowsPerSample).min().map { $0 * samples }
  }

  /// How the ranks of a machine share the signals of a minibatch; nil where every rank has its own.
  private(set) var sharing: Sharing?
  /// The row of the workspaces at which this rank's rows begin, and the rows of all ranks that share them.
  private(set) var firstRow = 0
  public private(set) var sharedRows = 0

  /// Allocates every workspace for minibatches of up to `samples` samples. After it a step allocates nothing.
  public func reserve(samples: Int) {
    guard samples > capacity else { return }
    precondition(sharing == nil, "workspaces that ranks share cannot grow")
    reserveLayers(samples: samples)
    makeWorkspaces { _, units in Matrix(rows: samples, columns: units) }
  }

  /// Allocates what ``reserve(_:in:)`` describes.
  func reserve(_ sharing: Sharing, _ make: (Signal, _ units: Int) -> Matrix<Scalar>) {
    self.sharing = sharing
    reserveLayers(samples: sharing.samples)
    makeWorkspaces(make)
  }

  private func reserveLayers(samples: Int) {
    capacity = samples
    for layer in layers { layer.reserve(samples: samples) }
  }

  private func makeWorkspaces(_ make: (Signal, _ units: Int) -> Matrix<Scalar>) {
    func workspaces(_ signal: Signal) -> [Matrix<Scalar>] {
      var matrices: [Matrix<Scalar>] = []
      for place in places(of: signal) {
        switch place {
        case .none: matrices.append(Matrix(rows: 0, columns: 0))
        case .sameAsBelow: matrices.append(matrices[matrices.count - 1])
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
  ///   - rows: the rows of all ranks that share the workspaces.
  public func place(firstRow: Int, of rows: Int) {
    precondition(
      sharing.map { rows <= $0.rows } ?? false, "the rows of all ranks must fit the workspaces that they share")
    (self.firstRow, sharedRows) = (firstRow, rows)
  }
}
