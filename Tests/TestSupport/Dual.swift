/// A number with its derivative in one direction: a + ȧ τ with τ² = 0.
struct Dual: Equatable {
  var value: Double
  var dot: Double

  /// The same number, held fixed.
  var constant: Dual { Dual(value: value, dot: 0) }

  static func + (a: Dual, b: Dual) -> Dual {
    Dual(value: a.value + b.value, dot: a.dot + b.dot)
  }

  static func * (a: Dual, b: Dual) -> Dual {
    Dual(value: a.value * b.value, dot: a.value * b.dot + a.dot * b.value)
  }

  static func += (a: inout Dual, b: Dual) {
    a = a + b
  }
}

extension ReferenceActivation {
  func value(_ z: Dual) -> Dual {
    Dual(value: value(z.value), dot: firstDerivative(z.value) * z.dot)
  }

  func firstDerivative(_ z: Dual) -> Dual {
    Dual(value: firstDerivative(z.value), dot: secondDerivative(z.value) * z.dot)
  }
}

extension ReferenceLoss {
  /// ∂f/∂y with its derivative H ẏ.
  func gradient(outputs y: [Dual], target: [Double]) -> [Dual] {
    let values = y.map { $0.value }
    let first = gradient(outputs: values, target: target)
    let second = hessian(outputs: values, target: target)
    return y.indices.map { i in
      var dot = 0.0
      for k in y.indices { dot += second[i][k] * y[k].dot }
      return Dual(value: first[i], dot: dot)
    }
  }
}
