/// The middle one of at least one value, the greater of the two middle ones of an even number.
func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

/// The value at a share of the way through at least one value in order, from 0 to below 1; for one half the median.
func quantile(_ values: [Double], _ share: Double) -> Double { values.sorted()[Int(share * Double(values.count))] }
