public import Networks

/// One network of a chain, with the loss that it is trained with.
public struct Learner: Equatable, Sendable {
  public var layers: [LayerConfiguration]
  /// The shape of an input, and how many features that is.
  public var inputShape: Shape
  public var inputs: Int { inputShape.count }
  public var loss: Loss
  /// The numbers that named blocks know the layers by, where they are not their places: those of a model file.
  public var layerNumbers: [Int: Int]

  public init(layers: [LayerConfiguration], inputShape: Shape, loss: Loss, layerNumbers: [Int: Int] = [:]) {
    (self.layers, self.inputShape, self.loss, self.layerNumbers) = (layers, inputShape, loss, layerNumbers)
  }

  public init(layers: [LayerConfiguration], inputs: Int, loss: Loss, layerNumbers: [Int: Int] = [:]) {
    self.init(layers: layers, inputShape: Shape(inputs), loss: loss, layerNumbers: layerNumbers)
  }
}

/// What depends on what: (M23) where there is no student, (M24) with one.
public struct Chain: Equatable, Sendable {
  /// Learns W from the weighted examples; with its loss ℓ.
  public var teacher: Learner
  /// Learns V from the teacher's labels, and from pairs; with the loss of Ψ and of the pair term.
  public var student: Learner?
  /// L, that of the last network on the validation set.
  public var validationLoss: Loss

  public init(teacher: Learner, student: Learner? = nil, validationLoss: Loss) {
    (self.teacher, self.student, self.validationLoss) = (teacher, student, validationLoss)
  }

  /// The network that the validation set judges.
  public var judged: Learner { student ?? teacher }
}
