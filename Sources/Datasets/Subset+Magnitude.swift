/// Numbers that are too large for the computation, with their places in the files.
extension Subset {
  /// A feature or a target of a sample.
  public struct Number: Sendable {
    /// The value in the file.
    public let value: Double
    /// The value after scaling, as the network receives it.
    public let scaled: Double
    let id: Int
    /// nil for a target of a file with one target column.
    let feature: Int?
  }

  /// The first feature that is larger than a limit; nil if there is none, and for bytes.
  ///
  /// - Parameters:
  ///   - raw: the limit for features as they are in the file.
  ///   - scaled: the limit for features after scaling.
  /// - Complexity: one pass over the samples.
  public func firstFeature(above raw: Double, scaled limit: Double, map: InputMap) -> Number? {
    guard !dataset.holdsBytes else { return nil }
    precondition(map.fits(features: features), "a scaling must have one pair of numbers, or one for each feature")
    let isPerFeature = map.scale.count > 1
    for position in 0..<count {
      let id = id(at: position)
      let found: Number? = unsafe dataset.samples.withSample(
        id, features: features, bytes: { _ in nil },
        doubles: { values in
          for j in 0..<values.count {
            let (value, place) = unsafe (values[j], isPerFeature ? j : 0)
            let scaled = value * map.scale[place] + map.offset[place]
            if !(abs(value) <= raw && abs(scaled) <= limit) {
              return Number(value: value, scaled: scaled, id: id, feature: j)
            }
          }
          return nil
        })
      if let found { return found }
    }
    return nil
  }

  /// The first target value that is larger than `limit`; nil if there is none, and for classes.
  public func firstTarget(above limit: Double) -> Number? {
    guard case .values(let values, let columns) = dataset.targets else { return nil }
    for position in 0..<count {
      let id = id(at: position)
      for place in id * columns..<(id + 1) * columns where !(abs(values[place]) <= limit) {
        return Number(value: values[place], scaled: values[place], id: id, feature: nil)
      }
    }
    return nil
  }

  /// The value of a feature with the largest magnitude.
  public func largestValue(ofFeature feature: Int) -> Number {
    precondition(count > 0 && (0..<features).contains(feature), "a feature must lie within its samples")
    let values = (0..<count).map { position in
      (id: id(at: position), value: dataset.values(of: id(at: position))[feature])
    }
    let largest = values.max { abs($0.value) < abs($1.value) } ?? values[0]
    return Number(value: largest.value, scaled: largest.value, id: largest.id, feature: feature)
  }

  /// An error that describes a number by its file, line or sample, and column.
  public func error(_ number: Number, _ problem: String, remedy: String) -> DatasetError {
    let (path, id) = (dataset.source, number.id)
    guard let columns = dataset.columns else {
      let what = number.feature.map { "value \($0) (counted from 0)" } ?? "the target"
      return .content(path, sample: id, "\(what) is \(number.value), \(problem)", remedy: remedy)
    }
    let column = columns.description(of: number.feature.map(columns.column) ?? columns.label)
    return DatasetError(
      path: path, kind: .content, line: columns.line(ofRow: id, in: path),
      problem: "\(column) holds \(number.value), \(problem)", remedy: remedy)
  }
}

extension CSVColumns {
  /// The line in which a row of samples begins; nil if the file cannot be read again.
  fileprivate func line(ofRow row: Int, in path: String) -> Int? {
    guard let reader = try? ByteReader(path), var scanner = try? CSVScanner(reader) else { return nil }
    for _ in 0...(names == nil ? row : row + 1) {
      guard (try? scanner.nextRow()) == true else { return nil }
    }
    return scanner.line
  }
}
