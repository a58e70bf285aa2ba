/// Which column of a CSV file holds the labels.
public enum LabelColumn: Equatable, Sendable {
  case last
  /// The column of this name in the header.
  case name(String)
  /// The column of this place, counted from 0; negative numbers count from the end, −1 being the last column.
  case index(Int)
}

/// What the label column of a CSV file holds.
public enum LabelKind: Equatable, Sendable {
  /// Names or numbers of classes.
  case classes
  /// Real numbers to be learned as such.
  case values
}

/// Whether the first line of a CSV file holds the names of the columns.
public enum HeaderPresence: String, Codable, CaseIterable, Sendable {
  /// It does if none of its feature cells is a number, or if the label column is given by name.
  case automatic
  case present
  case absent
}
