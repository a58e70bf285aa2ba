public import Kernels

/// `{dropout: {keep: 0.9}}` (M21): each unit of each sample is kept with probability `keep` and scaled by 1/`keep`, or
/// set to 0.
public struct DropoutLayer: LayerDescription {
  public static let names = ["dropout"]
  public static let example: String? = "the share of units it keeps: {dropout: {keep: 0.9}}"

  /// The probability that a unit is kept, in (0, 1].
  public var keep: Double

  public init(keep: Double) { self.keep = keep }

  /// Keeps every unit, as in a network in use.
  public init(name: String) { self.init(keep: 1) }

  public func sized(for input: Shape, at address: LayerAddress) throws(NetworkError) -> DropoutLayer {
    guard keep > 0, keep <= 1 else {
      throw NetworkError(
        "network: layer \(address) is dropout with keep \(keep); the share of units that are kept is above 0 and at most 1"
      )
    }
    return self
  }

  public var worksInPlace: Bool { true }

  public var isTrainedAsUsed: Bool { false }

  public func make<Scalar: Real>(_ site: LayerSite<Scalar>) -> any Layer<Scalar> {
    Dropout(keep: keep, units: site.input.count, address: site.address)
  }
}

extension LayerConfiguration {
  /// (M21) `keep` is the probability that a unit is kept, in (0, 1].
  public static func dropout(keep: Double) -> LayerConfiguration { LayerConfiguration(DropoutLayer(keep: keep)) }
}

extension DropoutLayer: Codable {
  private enum Key: String, CodingKey, CaseIterable { case keep }

  public init(from decoder: any Decoder) throws {
    keep =
      try decoder.settings(Key.self)?.decode(Double.self, forKey: .keep)
      ?? decoder.singleValueContainer().decode(Double.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(keep, forKey: .keep)
  }
}

/// The layer that a ``DropoutLayer`` describes.
///
/// The mask 1[r < keep]/keep is addressed by (seed, epoch, sample, layer, unit): it depends neither on the ranks nor on
/// the order of a minibatch. Where dropout is off, and in use, the layer is the identity.
private final class Dropout<Scalar: Real>: Layer {
  private let keep: Double
  private let units: Int
  private let address: LayerAddress

  /// The masks of the last forward pass, [samples × units]; meaningless where that pass had none.
  private var masks = Matrix<Scalar>(rows: 0, columns: 0)
  private var isActive = false

  init(keep: Double, units: Int, address: LayerAddress) {
    (self.keep, self.units, self.address) = (keep, units, address)
  }

  func reserve(_ room: Room<Scalar>) { masks = room.matrix(columns: units) }

  func forward(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    let (x, y) = (site.input.y, site.output.y)
    isActive = false
    if !y.isSameMemory(as: x) { y.elements.copy(from: x.elements) }
    if let masks = site.pass.dropout, keep < 1 {
      isActive = true
      let epoch = RandomStream(seed: masks.seed, .dropout).substream(masks.epoch)
      for row in 0..<x.rows {
        epoch.substream(site.id(ofRow: row)).substream(address).fillMask(self.masks[row], keep: keep)
      }
      multiply(y.elements, by: self.masks.prefix(x.rows).elements)
    }
    if site.output.u != nil { totalGradient(site) }
  }

  /// (M4) `u⁺ = mask · u`.
  func totalGradient(_ site: Site<Scalar>) {
    guard let above = site.output.u else { return }
    guard let u = site.input.u else { return above.elements.fill(0) }
    above.elements.copy(from: u.elements)
    if isActive { multiply(above.elements, by: masks.prefix(u.rows).elements) }
  }

  /// (M10) `Ẏ_j = mask · Ẏ_i, Z_j = mask · Z_i`, in place: the signals below share the memory of the signals above.
  func backward(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    let above = site.above
    precondition(site.input.yDot.isSameMemory(as: above.yDot), "dropout works in place")
    guard isActive else { return }
    let masks = masks.prefix(above.yDot.rows).elements
    multiply(above.yDot.elements, by: masks)
    if let z = above.z { multiply(z.elements, by: masks) }
  }

  /// `ẏ⁺ = mask · ẏ`.
  func tangent(_ site: Site<Scalar>, along v: Vector<Scalar>) {
    guard let above = site.output.tangent else { return }
    guard let below = site.input.tangent else { return above.elements.fill(0) }
    above.elements.copy(from: below.elements)
    if isActive { multiply(above.elements, by: masks.prefix(site.rows).elements) }
  }
}
