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

  /// The lowest layer with parameters: nothing below it needs Ẏ or Z.
  let lowestTrained: Int
  /// For each boundary, whether its total gradient can be other than zero.
  let carriesTotalGradient: [Bool]

  /// y at the boundaries above the layers, and u, Ẏ, Z at all boundaries that need them, [capacity × units].
  private(set) var values: [Matrix<Scalar>] = []
  private(set) var totalGradients: [Matrix<Scalar>] = []
  private(set) var yDots: [Matrix<Scalar>] = []
  private(set) var zs: [Matrix<Scalar>] = []

  /// A network for inputs of `inputs` features.
  ///
  /// - Throws: ``NetworkError`` when the layers do not fit together.
  public convenience init(_ layers: [LayerConfiguration], inputs: Int) throws(NetworkError) {
    let configuration = try LayerConfiguration.resolve(layers, inputs: inputs)
    var built: [any Layer<Scalar>] = []
    var (units, isNonNegative, carries) = (inputs, false, false)
    for (number, layer) in configuration.enumerated() {
      let next: any Layer<Scalar> = layer.makeLayer(
        number: number, inputs: units, inputIsNonNegative: isNonNegative, inputCarriesTotalGradient: carries)
      isNonNegative = next.outputIsNonNegative(inputIsNonNegative: isNonNegative)
      carries = carries || next.introducesTotalGradient
      units = next.outputs
      built.append(next)
    }
    self.init(layers: built, configuration: configuration, inputs: inputs)
  }

  /// A network of given layers, each with the inputs that the one below gives: for layers of another module.
  public convenience init(layers: [any Layer<Scalar>], inputs: Int) {
    self.init(layers: layers, configuration: [], inputs: inputs)
  }

  private init(layers: [any Layer<Scalar>], configuration: [LayerConfiguration], inputs: Int) {
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
  }

  /// Allocates every workspace for minibatches of up to `samples` samples. After it a step allocates nothing.
  public func reserve(samples: Int) {
    guard samples > capacity else { return }
    capacity = samples
    for layer in layers { layer.reserve(samples: samples) }
    let boundaries = 0...layers.count
    let none = Matrix<Scalar>(rows: 0, columns: 0)
    func units(_ boundary: Int) -> Int { boundary == 0 ? inputs : layers[boundary - 1].outputs }
    /// One matrix for each boundary that needs one; shared across the layers that work in place.
    func workspaces(inPlace: Bool, _ isNeeded: (Int) -> Bool) -> [Matrix<Scalar>] {
      var matrices: [Matrix<Scalar>] = []
      for boundary in boundaries {
        if inPlace, boundary > 0, layers[boundary - 1].worksInPlace, let below = matrices.last, below.rows > 0 {
          matrices.append(below)
        } else {
          matrices.append(isNeeded(boundary) ? Matrix(rows: samples, columns: units(boundary)) : none)
        }
      }
      return matrices
    }
    values = workspaces(inPlace: true) { $0 > 0 }
    totalGradients = workspaces(inPlace: false) { carriesTotalGradient[$0] }
    yDots = workspaces(inPlace: true) { $0 > lowestTrained }
    zs = workspaces(inPlace: true) { $0 > lowestTrained && carriesTotalGradient[$0] }
  }
}
