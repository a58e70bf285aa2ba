/// The middle one of at least one value, the greater of the two middle ones of an even number.
func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
