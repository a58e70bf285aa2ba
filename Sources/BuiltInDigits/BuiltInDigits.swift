/// The UCI optical digits: 1,797 rows of 64 pixels 0 … 16 and a label, as a gzipped CSV file without a header.
///
/// Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998.
public enum BuiltInDigits {
  /// The bytes of `digits.csv.gz`.
  public static var compressedCSV: [UInt8] { PackageResources.digits_csv_gz }
}
