import Hypergradients
import Networks
import Testing

struct ParameterGroupsTests {
  /// Layers 0, 2 and 3 have parameters; 3 has running averages among them.
  private func layout() throws -> ParameterLayout {
    try Network<Double>(
      [
        .dense(inputs: nil, outputs: 2), .activation(.tanh), .dense(inputs: nil, outputs: 2), .batchNorm,
      ], inputs: 3
    ).layout
  }

  @Test func `blocks are ranges of trained parameters`() throws {
    let layout = try layout()
    func ranges(_ groups: ParameterGroups) throws -> [[Range<Int>]] {
      try groups.blocks(of: layout, radius: 0.01, network: "teacher").map(\.ranges)
    }
    #expect(try ranges(.joint) == [[0..<18]])
    #expect(try ranges(.layers) == [[0..<8], [8..<14], [14..<18]])
    let named = try ParameterGroups(parsing: "encoder=0-2:0.02,head=3").blocks(
      of: layout, radius: 0.01, network: "teacher")
    #expect(named.map(\.name) == ["encoder", "head"])
    #expect(named.map(\.ranges) == [[0..<14], [14..<18]])
    #expect(named.map(\.radius) == [0.02, 0.01])
  }

  @Test(arguments: ["joint", "layers", "encoder=0-2:0.01,head=4:0.05", "a=0"])
  func `blocks as text are read as they are written`(text: String) throws {
    #expect(try ParameterGroups(parsing: text).text == text)
  }

  @Test(arguments: [
    ("jiont", "did you mean 'joint'"), ("a=", "names no layers"), ("=1", "is no block"), ("a=2-1", "names no layers"),
    ("a=0:0", "radius"), ("a=0:x", "radius"), ("a=0,a=2", "two blocks are called a"), ("a=0,", "is no block"),
    ("a=-1", "names no layers"), ("a=0:0.1:2", "names no layers"),
  ])
  func `text that is no blocks is refused`(text: String, sentence: String) {
    #expect { try ParameterGroups(parsing: text) } throws: { "\($0)".contains(sentence) }
  }

  @Test(arguments: [
    ("a=0-2", "layer 3 of the teacher is in no block"),
    ("a=0-3,b=2", "layer 2 of the teacher is in the blocks a and b"),
    ("a=0-3,b=1", "block b: no layer from 1 to 1"),
  ])
  func `blocks that do not part the layers are refused`(text: String, sentence: String) throws {
    let (groups, layout) = (try ParameterGroups(parsing: text), try layout())
    #expect {
      try groups.blocks(of: layout, radius: 0.01, network: "teacher")
    } throws: { "\($0)".contains(sentence) }
  }

  @Test func `networks that make no chain are refused`() throws {
    func learner(_ outputs: Int, inputs: Int = 4, loss: Loss = .softmaxCrossEntropy) -> Learner {
      Learner(layers: [.dense(inputs: nil, outputs: outputs)], inputs: inputs, loss: loss)
    }
    for (student, sentence) in [
      (learner(4), "the teacher has 3 outputs, but the student 4"),
      (learner(3, inputs: 5), "the teacher has 4 inputs, but the student 5"),
      (learner(3, loss: .hinge), "hinge takes no soft labels"),
    ] {
      let chain = Chain(teacher: learner(3), student: student, validationLoss: .softmaxCrossEntropy)
      #expect {
        try Hypergradient<Double>(chain, strategy: .exact)
      } throws: { "\($0)".contains(sentence) }
    }
  }
}
