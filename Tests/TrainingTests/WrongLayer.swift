import Kernels
import Networks

/// A layer with a planted error: the Ẏ that it passes down is too large by a factor; all else is the real layer's.
final class WrongLayer: Layer {
  typealias Scalar = Double

  private let layer: any Layer<Double>
  private let factor: Double

  init(_ layer: any Layer<Double>, factor: Double) { (self.layer, self.factor) = (layer, factor) }

  var inputs: Int { layer.inputs }
  var outputs: Int { layer.outputs }
  var parameters: [ParameterShape] { layer.parameters }
  var introducesTotalGradient: Bool { layer.introducesTotalGradient }
  var worksInPlace: Bool { layer.worksInPlace }

  func reserve(samples: Int) { layer.reserve(samples: samples) }

  func forward(_ x: Matrix<Double>, parameters: Vector<Double>, into y: Matrix<Double>) {
    layer.forward(x, parameters: parameters, into: y)
  }

  func totalGradient(
    below u: Matrix<Double>?, input x: Matrix<Double>, parameters: Vector<Double>, into above: Matrix<Double>
  ) {
    layer.totalGradient(below: u, input: x, parameters: parameters, into: above)
  }

  func backward(
    above: Sensitivity<Double>, below: Sensitivity<Double>, totalGradientBelow u: Matrix<Double>?,
    parameters: Vector<Double>, bound: Bound
  ) {
    layer.backward(above: above, below: below, totalGradientBelow: u, parameters: parameters, bound: bound)
    for k in 0..<below.yDot.elements.count { below.yDot.elements[k] *= factor }
  }

  func addStatistics(
    input x: Matrix<Double>, totalGradientBelow u: Matrix<Double>?, above: Sensitivity<Double>, rows: Range<Int>,
    into sums: StatisticsSlice<Double>, bound: Bound, accumulating: Bool
  ) {
    layer.addStatistics(
      input: x, totalGradientBelow: u, above: above, rows: rows, into: sums, bound: bound, accumulating: accumulating)
  }

  func tangent(
    below: Matrix<Double>?, input x: Matrix<Double>, parameters: Vector<Double>, direction v: Vector<Double>,
    into above: Matrix<Double>
  ) {
    layer.tangent(below: below, input: x, parameters: parameters, direction: v, into: above)
  }

  func addKinkSides(samples: Int, to sides: inout KinkSides) { layer.addKinkSides(samples: samples, to: &sides) }
}
