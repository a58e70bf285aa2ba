public import Foundation

/// A problem with float64 statistics that another implementation computed, from `Tests/goldens/statistics-<name>.json`.
public struct Golden: Sendable {
  public struct Expected: Decodable, Sendable {
    public var meanLoss: Double
    public var outputs: [[Double]]
    public var outputTotalGradient: [[Double]]
    public var paper: [LayerStatistics]
    public var full: [LayerStatistics]

    /// One entry for each dense layer.
    public func layers(_ bound: ReferenceBound) -> [LayerStatistics] {
      switch bound {
      case .paper: paper
      case .full: full
      }
    }
  }

  public var name: String
  public var problem: ReferenceProblem
  public var expected: Expected

  /// `Tests/goldens`, found from the place of this source file.
  public static var directory: URL {
    URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("goldens", isDirectory: true)
  }

  /// The golden `statistics-<name>.json`.
  ///
  /// - Throws: what Foundation says if the file cannot be read or does not have the expected form.
  public static func load(name: String) throws -> Golden {
    let data = try Data(contentsOf: directory.appendingPathComponent("statistics-\(name).json"))
    return try JSONDecoder().decode(Golden.self, from: data)
  }

  /// Every golden of partition by weight in the folder, by name; ``UnitGolden`` has those by unit.
  ///
  /// - Throws: `CocoaError(.fileNoSuchFile)` if there is none, so that a moved folder does not pass for a success.
  public static var all: [Golden] {
    get throws {
      let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
      let names = files.filter {
        $0.hasPrefix("statistics-") && $0.hasSuffix(".json") && !$0.hasPrefix("statistics-unit-")
      }
      .map { String($0.dropFirst("statistics-".count).dropLast(".json".count)) }
      guard !names.isEmpty else { throw CocoaError(.fileNoSuchFile) }
      return try names.sorted().map { try load(name: $0) }
    }
  }
}

extension Golden: Decodable {
  /// The problem of a file of statistics.
  struct Problem: Decodable {
    let name: String
    let problem: ReferenceProblem

    private struct Layer: Decodable {
      var weight: [[Double]]
      var bias: [Double]
      var activation: ReferenceActivation
    }

    private enum CodingKeys: CodingKey { case name, layers, loss, inputs, targets }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      name = try values.decode(String.self, forKey: .name)
      let layers = try values.decode([Layer].self, forKey: .layers)
      problem = ReferenceProblem(
        network: ReferenceNetwork(
          layers: layers.flatMap { layer in
            [.dense(weight: layer.weight, bias: layer.bias), .activation(layer.activation)]
          }),
        loss: try values.decode(ReferenceLoss.self, forKey: .loss),
        inputs: try values.decode([[Double]].self, forKey: .inputs),
        targets: try values.decode([[Double]].self, forKey: .targets))
    }
  }

  private enum CodingKeys: CodingKey { case expected }

  public init(from decoder: any Decoder) throws {
    let own = try Problem(from: decoder)
    (name, problem) = (own.name, own.problem)
    expected = try decoder.container(keyedBy: CodingKeys.self).decode(Expected.self, forKey: .expected)
  }
}
