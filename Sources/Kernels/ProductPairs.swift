// Products by the program's own kernels: one product, or two that share their second factor, where the second product
// uses the magnitudes of that factor. Every use of (M4), (M9) and (M10) has this form. The kernels compute |W| or |y|
// where they use it.
//
// An element of a result is the sum of its terms in their order, in blocks whose length depends only on the number of
// terms. So its bits do not depend on which other rows and columns are computed with it. The padding of blocks reaches
// no result, so NaN and infinity spread as in plain loops. Large products are split into parts of whole tiles for
// several threads, as far as the workspace has room; this changes no bits.

/// C₁ ← A₁ Bᵀ + β C₁ + 1 rᵀ and C₂ ← A₂ |B|ᵀ + β C₂ + c 1ᵀ in one pass over B, or only one of the two.
///
/// - Parameters:
///   - a1, c1: A₁ [samples × inputs] and C₁ [samples × outputs]; nil where only the second product is wanted.
///   - a2, c2: A₂ and C₂ likewise.
///   - b: B [outputs × inputs].
///   - beta: 0 ignores what C held.
///   - row: r, [outputs], for the first product; 0 where nil.
///   - column: c, [samples], for the second of two products; 0 where nil.
public func multiplyPair<Scalar: Real>(
  _ a1: Matrix<Scalar>?, _ a2: Matrix<Scalar>?, transposed b: Matrix<Scalar>, into c1: Matrix<Scalar>?,
  _ c2: Matrix<Scalar>?, beta: Scalar = 0, addingRow row: Vector<Scalar>? = nil,
  addingColumn column: Vector<Scalar>? = nil, workspace: ProductWorkspace<Scalar>, by kernel: InstructionSet = .best
) {
  let shape = ProductShape(rows: (c1 ?? c2)?.rows ?? 0, columns: b.rows, terms: b.columns)
  shape.check(a1, c1, rows: shape.rows, columns: shape.terms)
  shape.check(a2, c2, rows: shape.rows, columns: shape.terms)
  precondition(row.map { c1 != nil && $0.count == shape.columns } ?? true, "a row that is added is one of C₁")
  precondition(
    column.map { c1 != nil && c2 != nil && $0.count == shape.rows } ?? true,
    "a column that is added is one of the second of two products")
  shape.multiply(
    a1, a2, transposed: false, b, transposed: true, into: c1, c2, beta: beta, row: row, column: column,
    workspace: workspace, by: kernel)
}

/// C₁ ← A₁ B + β C₁ and C₂ ← A₂ |B| + β C₂ in one pass over B, or only one of the two.
///
/// - Parameters:
///   - a1, c1: A₁ [samples × outputs] and C₁ [samples × inputs]; nil where only the second product is wanted.
///   - a2, c2: A₂ and C₂ likewise.
///   - b: B [outputs × inputs].
///   - beta: 0 ignores what C held.
public func multiplyPair<Scalar: Real>(
  _ a1: Matrix<Scalar>?, _ a2: Matrix<Scalar>?, _ b: Matrix<Scalar>, into c1: Matrix<Scalar>?, _ c2: Matrix<Scalar>?,
  beta: Scalar = 0, workspace: ProductWorkspace<Scalar>, by kernel: InstructionSet = .best
) {
  let shape = ProductShape(rows: (c1 ?? c2)?.rows ?? 0, columns: b.columns, terms: b.rows)
  shape.check(a1, c1, rows: shape.rows, columns: shape.terms)
  shape.check(a2, c2, rows: shape.rows, columns: shape.terms)
  shape.multiply(
    a1, a2, transposed: false, b, transposed: false, into: c1, c2, beta: beta, workspace: workspace, by: kernel)
}

/// C_J ← A_J B + β C_J for some columns J of A and C [samples × inputs], and B [J × J].
public func multiply<Scalar: Real>(
  _ a: Matrix<Scalar>, columns: Range<Int>, _ b: Matrix<Scalar>, into c: Matrix<Scalar>, beta: Scalar,
  workspace: ProductWorkspace<Scalar>, by kernel: InstructionSet = .best
) {
  precondition(a.rows == c.rows && a.columns == c.columns, "A and C have one shape")
  precondition(columns.lowerBound >= 0 && columns.upperBound <= a.columns, "columns of A are multiplied")
  precondition(b.rows == columns.count && b.columns == columns.count, "B has a row and a column for each of them")
  precondition(kernel.isSupported, "the processor must have the kernel's instructions")
  guard a.rows > 0, !columns.isEmpty else { return }
  workspace.checkRoom(rows: a.rows, columns: b.columns, terms: b.rows, isStep: false)
  unsafe Scalar.multiplyPair(
    kernel: kernel, m: a.rows, n: b.columns, k: b.rows, UnsafePointer(a.elements.pointer + columns.lowerBound), nil,
    lda: a.columns, transposeA: false, b.elements.pointer, ldb: b.columns, transposeB: false,
    c.elements.pointer + columns.lowerBound, nil, ldc: c.columns, beta: beta, row1: nil, column2: nil,
    workspace: workspace.numbers.pointer, numbers: workspace.numbers.count, lanes: nil, laneCount: 0, step: nil)
}

/// C₁ ← A₁ᵀ B + β C₁ and C₂ ← A₂ᵀ |B| + β C₂ in one pass over B, or only one of the two, for some rows of C.
///
/// - Parameters:
///   - a1, c1: A₁ [samples × outputs] and C₁ [outputs × inputs]; nil where only the second product is wanted.
///   - a2, c2: A₂ and C₂ likewise.
///   - b: B [samples × inputs].
///   - rows: the rows of C to compute (columns of A); the other rows are not touched. nil: all rows.
///   - lanes: the lanes of the samples. An element of a result is then the sum of the lanes' sums, and each lane's sum
///     has the bits of a product over that lane alone.
///   - beta: 0 ignores what C held.
public func multiplyPair<Scalar: Real>(
  transposed a1: Matrix<Scalar>?, _ a2: Matrix<Scalar>?, _ b: Matrix<Scalar>, into c1: Matrix<Scalar>?,
  _ c2: Matrix<Scalar>?, rows: Range<Int>? = nil, lanes: LaneTerms? = nil, beta: Scalar = 0,
  workspace: ProductWorkspace<Scalar>, by kernel: InstructionSet = .best
) {
  let all = (c1 ?? c2)?.rows ?? 0
  let rows = rows ?? 0..<all
  precondition(rows.lowerBound >= 0 && rows.upperBound <= all, "the rows that are computed must be rows of C")
  precondition(lanes == nil || lanes?.count == b.rows, "lanes share out all terms of a product")
  let shape = ProductShape(rows: all, columns: b.columns, terms: b.rows)
  shape.check(a1, c1, rows: shape.terms, columns: shape.rows)
  shape.check(a2, c2, rows: shape.terms, columns: shape.rows)
  shape.multiply(
    a1, a2, transposed: true, b, transposed: false, into: c1, c2, rows: rows, lanes: lanes, beta: beta,
    workspace: workspace, by: kernel)
}

/// Updates W by a step with Ẇ = A₁ᵀ B and Ẅ = A₂ᵀ |B| inside the product kernel. The bits are those of `multiplyPair`
/// followed by a loop over W, Ẇ and Ẅ, but Ẇ and Ẅ are never in memory.
///
/// - Parameters:
///   - w: W [outputs × inputs].
///   - a1, b: A₁ [samples × outputs] and B [samples × inputs], of at least one and at most ``WeightStep/mostSamples`` samples.
///   - a2: A₂ like A₁; nil for a step with Ẇ alone.
///   - rows: the rows of W to update (columns of A); the other rows are not touched.
public func moveByProducts<Scalar: Real>(
  _ w: Matrix<Scalar>, rows: Range<Int>, _ step: WeightStep<Scalar>, transposed a1: Matrix<Scalar>,
  _ a2: Matrix<Scalar>?, _ b: Matrix<Scalar>, workspace: ProductWorkspace<Scalar>, by kernel: InstructionSet = .best
) {
  precondition(rows.lowerBound >= 0 && rows.upperBound <= w.rows, "the rows that are moved must be rows of W")
  precondition(
    (1...WeightStep<Scalar>.mostSamples).contains(b.rows),
    "a step is taken of the sums of a few hundred samples at most")
  let shape = ProductShape(rows: w.rows, columns: b.columns, terms: b.rows)
  shape.check(a1, w, rows: shape.terms, columns: shape.rows)
  shape.check(a2, a2.map { _ in w }, rows: shape.terms, columns: shape.rows)
  shape.multiply(
    a1, a2, transposed: true, b, transposed: false, into: w, nil, rows: rows, beta: 0, step: step, workspace: workspace,
    by: kernel)
}

/// The shape of a product: C [rows × columns], whose elements are sums of `terms` terms.
private struct ProductShape {
  let rows, columns, terms: Int

  func check<Scalar: Real>(_ a: Matrix<Scalar>?, _ c: Matrix<Scalar>?, rows: Int, columns: Int) {
    precondition((a == nil) == (c == nil), "a product has a factor and a result, or neither")
    guard let a, let c else { return }
    precondition(
      a.rows == rows && a.columns == columns && c.rows == self.rows && c.columns == self.columns,
      "shapes of a product must fit")
  }

  func multiply<Scalar: Real>(
    _ a1: Matrix<Scalar>?, _ a2: Matrix<Scalar>?, transposed transposesA: Bool, _ b: Matrix<Scalar>,
    transposed transposesB: Bool, into c1: Matrix<Scalar>?, _ c2: Matrix<Scalar>?, rows: Range<Int>? = nil,
    lanes: LaneTerms? = nil, beta: Scalar, row: Vector<Scalar>? = nil, column: Vector<Scalar>? = nil,
    step: WeightStep<Scalar>? = nil, workspace: ProductWorkspace<Scalar>, by kernel: InstructionSet
  ) {
    precondition(kernel.isSupported, "the processor must have the kernel's instructions")
    let computed = rows ?? 0..<self.rows
    guard !computed.isEmpty, columns > 0, let first = a1 ?? a2 else { return }
    workspace.checkRoom(rows: computed.count, columns: columns, terms: terms, isStep: step != nil)
    let (skippedA, skippedC) = (computed.lowerBound, computed.lowerBound * columns)
    func multiply(lanes: UnsafeRawPointer?, count: Int) {
      unsafe Scalar.multiplyPair(
        kernel: kernel, m: computed.count, n: columns, k: terms,
        a1.map { unsafe UnsafePointer($0.elements.pointer + skippedA) },
        a2.map { unsafe UnsafePointer($0.elements.pointer + skippedA) }, lda: first.columns, transposeA: transposesA,
        b.elements.pointer, ldb: b.columns, transposeB: transposesB, c1.map { unsafe $0.elements.pointer + skippedC },
        c2.map { unsafe $0.elements.pointer + skippedC }, ldc: columns, beta: beta,
        row1: row.map { unsafe UnsafePointer($0.pointer) }, column2: column.map { unsafe UnsafePointer($0.pointer) },
        workspace: workspace.numbers.pointer, numbers: workspace.numbers.count, lanes: lanes, laneCount: count,
        step: step)
    }
    guard let lanes else { return multiply(lanes: nil, count: 0) }
    unsafe lanes.withLanes { unsafe multiply(lanes: $0, count: $1) }
  }
}
