private import CKernels
public import Kernels

/// Some samples of a dataset in a fixed order: a training, validation or test set.
///
/// A *position* counts within the subset, from 0; an *identifier* is the sample's place in the dataset. The permutation
/// of an epoch permutes positions.
public struct Subset: Sendable {
  public let dataset: Dataset
  /// The samples' identifiers; nil for all samples in their own order.
  private let ids: [Int32]?

  /// All samples of a dataset.
  init(_ dataset: Dataset) {
    self.dataset = dataset
    ids = nil
  }

  /// The samples `ids` of a dataset, in this order.
  init(_ dataset: Dataset, ids: [Int32]) {
    precondition(ids.allSatisfy { $0 >= 0 && $0 < dataset.count }, "samples must lie within their dataset")
    self.dataset = dataset
    self.ids = ids
  }

  /// The number of samples.
  public var count: Int { ids?.count ?? dataset.count }
  public var features: Int { dataset.features }
  public var classes: Int { dataset.classes }
  /// The number of columns of a target, see ``Dataset/targetColumns``.
  public var targetColumns: Int { dataset.targetColumns }

  /// The identifier of the sample at a position.
  public func id(at position: Int) -> Int {
    precondition(position >= 0 && position < count, "a position must lie within its subset")
    return ids.map { Int($0[position]) } ?? position
  }

  /// The class of the sample at a position.
  public func label(at position: Int) -> Int { dataset.label(of: id(at: position)) }

  /// The target of the sample at a position, see ``Dataset/target(of:)``.
  public func target(at position: Int) -> [Double] { dataset.target(of: id(at: position)) }

  /// The samples at `positions`, in this order, as a subset of the same dataset.
  public func subset(_ positions: [Int32]) -> Subset {
    Subset(dataset, ids: positions.map { Int32(id(at: Int($0))) })
  }
}

extension Subset {
  /// Writes the scaled features of some samples into a matrix, one row for each sample.
  ///
  /// (M20) y_j = x_j · scale_j + offset_j, computed in Double and rounded once to `Scalar`. For reconstruction the
  /// same call fills the targets. Allocates nothing.
  ///
  /// - Parameters:
  ///   - positions: the positions of the samples in this subset, such as a part of an epoch's permutation.
  ///   - inputs: [positions.count × features]; overwritten.
  ///   - map: the scaling, with one pair of numbers for all features, or one pair for each.
  /// - Complexity: O(samples · features), one pass.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func fill<Scalar: Real>(_ positions: Span<Int32>, inputs: Matrix<Scalar>, map: InputMap) {
    precondition(
      inputs.rows == positions.count && inputs.columns == features, "inputs must be [positions × features]")
    precondition(map.fits(features: features), "a scaling must have one pair of numbers, or one for each feature")
    let isPerFeature = map.scale.count > 1
    unsafe map.scale.withUnsafeBufferPointer { scale in
      unsafe map.offset.withUnsafeBufferPointer { offset in
        for row in positions.indices {
          let sample = id(at: Int(positions[row]))
          // The row is the matrix's own, and a sample has as many features as the matrix has columns.
          let target = unsafe UnsafeMutableBufferPointer(
            start: inputs.elements.pointer + row * features, count: features)
          unsafe dataset.samples.withSample(
            sample, features: features,
            bytes: { unsafe scaleRow($0, scale, offset, isPerFeature: isPerFeature, into: target) },
            doubles: { unsafe scaleRow($0, scale, offset, isPerFeature: isPerFeature, into: target) })
        }
      }
    }
  }

  /// Writes the targets of some samples into a matrix, one row for each sample: the values, rounded once to `Scalar`,
  /// or a one-hot row with 1 at the class. Allocates nothing.
  ///
  /// - Parameters:
  ///   - positions: the positions of the samples in this subset.
  ///   - targets: [positions.count × ``targetColumns``]; overwritten.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func fillTargets<Scalar: Real>(_ positions: Span<Int32>, targets: Matrix<Scalar>) {
    let columns = targetColumns
    precondition(
      targets.rows == positions.count && targets.columns == columns, "targets must be [positions × target columns]")
    switch dataset.targets {
    case .classes(let numbers, _):
      targets.elements.fill(0)
      for row in positions.indices {
        targets.elements[row * columns + Int(numbers[id(at: Int(positions[row]))])] = 1
      }
    case .values(let values, _):
      for row in positions.indices {
        let start = id(at: Int(positions[row])) * columns
        for k in 0..<columns { targets.elements[row * columns + k] = Scalar(values[start + k]) }
      }
    }
  }
}

/// y_j ← x_j · scale_j + offset_j for one row of bytes, with the widest vector instructions.
private func scaleRow<Scalar: Real>(
  _ x: UnsafeBufferPointer<UInt8>, _ scale: UnsafeBufferPointer<Double>, _ offset: UnsafeBufferPointer<Double>,
  isPerFeature: Bool, into y: UnsafeMutableBufferPointer<Scalar>
) {
  unsafe checkRow(x.count, scale, offset, isPerFeature: isPerFeature, y.count)
  unsafe matrix_scale_bytes(
    widest_instruction_set(), Scalar.precision == .float64 ? 1 : 0, x.count, x.baseAddress, scale.baseAddress,
    offset.baseAddress, isPerFeature ? 1 : 0, y.baseAddress)
}

/// The same for a row of doubles; inlined into callers that know the number types.
@inline(__always)
private func scaleRow<Scalar: Real>(
  _ x: UnsafeBufferPointer<Double>, _ scale: UnsafeBufferPointer<Double>, _ offset: UnsafeBufferPointer<Double>,
  isPerFeature: Bool, into y: UnsafeMutableBufferPointer<Scalar>
) {
  let count = x.count
  unsafe checkRow(count, scale, offset, isPerFeature: isPerFeature, y.count)
  guard let x = x.baseAddress, let y = y.baseAddress,
    let scale = scale.baseAddress, let offset = offset.baseAddress
  else { return }
  if isPerFeature {
    for j in 0..<count { unsafe y[j] = Scalar(x[j] * scale[j] + offset[j]) }
  } else {
    let (factor, shift) = unsafe (scale[0], offset[0])
    for j in 0..<count { unsafe y[j] = Scalar(x[j] * factor + shift) }
  }
}

private func checkRow(
  _ count: Int, _ scale: UnsafeBufferPointer<Double>, _ offset: UnsafeBufferPointer<Double>, isPerFeature: Bool,
  _ targetCount: Int
) {
  precondition(
    targetCount == count && scale.count == offset.count && scale.count >= (isPerFeature ? count : 1),
    "a row, its target and its scaling must have equal lengths")
}
