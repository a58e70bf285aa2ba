internal import Networks

/// One of a fixed list of names on the command line; an unknown one is answered with the nearest.
func choice<Name: RawRepresentable & CaseIterable>(_ text: String) throws -> Name where Name.RawValue == String {
  guard let name = Name(rawValue: text) else {
    throw UnknownName(text, among: Name.allCases.map(\.rawValue), kind: "name")
  }
  return name
}
