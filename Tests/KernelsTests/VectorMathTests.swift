import CKernels
import Glibc
import Kernels
import Testing

/// The elementwise functions over arrays, and those of activations, against those of Glibc.
@Suite struct VectorMathTests {
  /// An empty array, one element, and lengths below, at and above whole vectors of 4, 8 and 16.
  static let counts = [0, 1, 7, 16, 33]

  @Test(arguments: ArrayFunction.allCases, counts)
  func `values are within 4 ulp, partial vectors included`(function: ArrayFunction, count: Int) {
    #expect(largestError(function, function.points(count, Float.self)) <= function.tolerance(Float.self))
    #expect(largestError(function, function.points(count, Double.self)) <= function.tolerance(Double.self))
  }

  @Test(arguments: ArrayFunction.allCases)
  func `values are within 4 ulp over the whole range`(function: ArrayFunction) {
    #expect(largestError(function, function.points(20_000, Float.self)) <= function.tolerance(Float.self))
    #expect(largestError(function, function.points(20_000, Double.self)) <= function.tolerance(Double.self))
  }

  @Test(arguments: ArrayFunction.allCases)
  func `an error of 6 ulp would be seen`(function: ArrayFunction) {
    let x = 0.37
    var (single, double) = (Float(function.exact(Double(Float(x)))), function.exact(x))
    for _ in 0..<6 { (single, double) = (single.nextUp, double.nextUp) }
    #expect(function.error(of: single, at: Float(x)) > function.tolerance(Float.self))
    #expect(function.error(of: double, at: x) > function.tolerance(Double.self))
  }

  @Test(arguments: ArrayFunction.allCases, counts)
  func `input and output may be the same array`(function: ArrayFunction, count: Int) {
    func isSame<S: Real>(_: S.Type) -> Bool {
      let points = function.points(count, S.self)
      let (apart, inPlace) = (Arena<S>(count: count).all, Arena<S>(count: count).all)
      apart.copy(from: points)
      inPlace.copy(from: points)
      function.apply(inPlace, into: inPlace)
      return inPlace.array == function.values(points) && apart.array == points
    }
    #expect(isSame(Float.self))
    #expect(isSame(Double.self))
  }

  @Test(arguments: ArrayFunction.allCases)
  func `an element's bits do not depend on its place in the array`(function: ArrayFunction) {
    func dependsOnPlace<S: Real>(_: S.Type) -> Bool {
      let points = function.points(33, S.self)
      let whole = function.values(points)
      return (0..<33).contains { first in
        function.values(Array(points[first...])) != Array(whole[first...])
          || function.values([points[first]]) != [whole[first]]
      }
    }
    #expect(!dependsOnPlace(Float.self))
    #expect(!dependsOnPlace(Double.self))
  }

  @Test(arguments: ArrayFunction.allCases)
  func `not-a-number stays where it is`(function: ArrayFunction) {
    func isContained<S: Real>(_: S.Type) -> Bool {
      let points = function.points(33, S.self)
      let whole = function.values(points)
      return points.indices.allSatisfy { place in
        var broken = points
        broken[place] = .nan
        let values = function.values(broken)
        return values.indices.allSatisfy { $0 == place ? values[$0].isNaN : values[$0] == whole[$0] }
      }
    }
    #expect(isContained(Float.self))
    #expect(isContained(Double.self))
  }

  @Test func `extreme arguments give limits`() {
    func check<S: Real>(_: S.Type, overflow: S) {
      let inf = S.infinity
      #expect(ArrayFunction.exp.values([inf, overflow, 0, -overflow, -inf]) == [inf, inf, 1, 0, 0])
      #expect(ArrayFunction.elu.values([inf, overflow, 0, -overflow, -inf]) == [inf, overflow, 0, -1, -1])
      #expect(ArrayFunction.log1p.values([inf, 0, -1]) == [inf, 0, -inf])
      #expect(ArrayFunction.log1p.values([-2, -inf] as [S]).allSatisfy { $0.isNaN })
      #expect(ArrayFunction.tanh.values([inf, overflow, 0, -overflow, -inf]) == [1, 1, 0, -1, -1])
      // Below half an ulp of 1 the odd functions are the identity.
      let tiny = S.ulpOfOne / 1024
      for function in [ArrayFunction.log1p, .tanh, .elu] {
        #expect(function.values([tiny, -tiny]) == [tiny, -tiny])
      }
    }
    check(Float.self, overflow: 200)
    check(Double.self, overflow: 2000)
  }

  private func largestError<S: Real>(_ function: ArrayFunction, _ points: [S]) -> Double {
    zip(points, function.values(points)).reduce(0) { max($0, function.error(of: $1.1, at: $1.0)) }
  }
}

/// One of the functions of arrays, with its counterpart of one number.
enum ArrayFunction: CaseIterable, Sendable {
  case exp, log1p, tanh
  /// e^x − 1 where x is negative.
  case elu

  func apply<S: Real>(_ x: Vector<S>, into y: Vector<S>) {
    switch self {
    case .exp: Kernels.exp(x, into: y)
    case .log1p: Kernels.log1p(x, into: y)
    case .tanh: activate(activation_tanh, x, y)
    case .elu: activate(activation_elu, x, y)
    }
  }

  private func activate<S: Real>(_ function: activation_function, _ x: Vector<S>, _ y: Vector<S>) {
    var pass = unsafe activation_forward_pass(
      function: function, instructions: widest_instruction_set(), is_double: S.precision == .float64 ? 1 : 0,
      count: x.count, z: x.pointer, y: y.pointer, slopes: nil, curvatures: nil, u: nil, u_above: nil)
    unsafe activation_forward(&pass)
  }

  func values<S: Real>(_ points: [S]) -> [S] {
    let (x, y) = (Arena<S>(count: points.count).all, Arena<S>(count: points.count).all)
    x.copy(from: points)
    y.fill(-77)
    apply(x, into: y)
    return y.array
  }

  /// Glibc's value in Double, off by at most 1 ulp of Double.
  func exact(_ x: Double) -> Double {
    switch self {
    case .exp: Glibc.exp(x)
    case .log1p: Glibc.log1p(x)
    case .tanh: Glibc.tanh(x)
    case .elu: x > 0 ? x : Glibc.expm1(x)
    }
  }

  /// |y − exact| in units of the last place of the exact value in y's precision.
  func error<S: Real>(of y: S, at x: S) -> Double {
    let exact = exact(Double(x))
    return (Double(y) - exact).magnitude / Double(S(exact).ulp)
  }

  /// 4 ulp, and 1 ulp for Glibc where it has no digits to spare.
  func tolerance<S: Real>(_: S.Type) -> Double { S.precision == .float32 ? 4.001 : 5 }

  /// Numbers of all magnitudes in the function's range, of both signs where it is defined.
  func points<S: Real>(_ count: Int, _: S.Type) -> [S] {
    let stream = RandomStream(seed: 5, .shuffle, 0)
    let largest = S.precision == .float32 ? 85.0 : 700
    return (0..<count).map { k in
      let (size, sign) = (stream.uniform(3 * k), stream.uniform(3 * k + 1) < 0.5 ? -1.0 : 1)
      let near = Glibc.exp2(-20 * stream.uniform(3 * k + 2))
      switch self {
      case .exp, .elu: return S(sign * size * largest * near)
      case .tanh: return S(sign * size * 12 * near)
      case .log1p: return S(sign < 0 ? -size * near : size * 1e6 * near)
      }
    }
  }
}
