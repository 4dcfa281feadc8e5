import NIOCore
import Testing
import Wire

@testable import Routing

@Suite struct NodeTreeTests {
  private func key(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

  /// bastion, web behind it, and two accounts on web.
  private func family() -> (NodeTree<String>, bastion: UInt32, web: UInt32, root: UInt32, postgres: UInt32) {
    var tree = NodeTree<String>()
    let bastion = tree.add(key: key("b"), parent: nil).id
    let web = tree.add(key: key("bw"), parent: bastion).id
    let root = tree.add(key: key("bwr"), parent: web).id
    let postgres = tree.add(key: key("bwp"), parent: web).id
    return (tree, bastion, web, root, postgres)
  }

  @Test func theSameBytesAreTheSameNode() {
    let (tree, _, web, _, _) = family()
    #expect(tree.node(for: key("bw"))?.id == web)
    #expect(tree.node(for: key("bx")) == nil)
  }

  @Test func withoutTheirKeysNodesStayAndTheirRoutesAreFree() {
    var (tree, bastion, web, root, _) = family()
    tree.takeKeys(of: web)
    #expect(tree.node(for: key("b"))?.id == bastion)
    #expect(tree.node(for: key("bw")) == nil && tree.node(for: key("bwr")) == nil)
    #expect(tree[root]?.parent == web)
    let another = tree.add(key: key("bw"), parent: bastion).id
    #expect(tree.node(for: key("bw"))?.id == another)
    #expect(tree.remove(web).map(\.id).last == web)
    #expect(tree.node(for: key("bw"))?.id == another)
  }

  @Test func framesOfEveryNodeTravelOverTheFirstHopsLink() {
    let (tree, bastion, web, root, _) = family()
    #expect(tree[root]?.first == bastion)
    #expect(tree.path(to: root) == [bastion, web, root])
  }

  @Test func aBlobCrossesEachLinkOnce() {
    var (tree, bastion, web, root, postgres) = family()
    let first = tree.deliver(["m", "u"], to: root)
    let second = tree.deliver(["m"], to: postgres)
    let again = tree.deliver(["m", "u"], to: root)
    #expect(
      first == [
        .bundle(to: bastion, ["m", "u"]), .supply(at: bastion, child: web, ["m", "u"]),
        .supply(at: web, child: root, ["m", "u"]),
      ])
    #expect(second == [.supply(at: web, child: postgres, ["m"])])
    #expect(again.isEmpty)
  }

  @Test func onlyWhatIsMissingGoes() {
    var (tree, bastion, web, _, _) = family()
    _ = tree.deliver(["a"], to: bastion)
    let rest = tree.deliver(["a", "b", "b"], to: web)
    #expect(
      rest == [
        .bundle(to: bastion, ["b"]), .supply(at: bastion, child: web, ["a", "b"]),
      ])
  }

  @Test func whatTheFirstHopLacksIsWhatItWillGet() {
    var (tree, bastion, web, _, _) = family()
    _ = tree.deliver(["a"], to: bastion)
    _ = tree.deliver(["b"], to: web)
    let lacking = tree.lacking(["c", "a", "b", "d", "c"], to: web)
    #expect(lacking.first == bastion)
    #expect(lacking.names == ["c", "d"])
    #expect(tree.deliver(["c", "a", "b", "d", "c"], to: web).first == .bundle(to: bastion, ["c", "d"]))
    #expect(tree.lacking(["c"], to: 99).names.isEmpty)
  }

  @Test func aNodeHasNoClaimToBlobsItWasNotGiven() {
    var (tree, _, web, root, _) = family()
    _ = tree.deliver(["mine"], to: root)
    let lost = tree.lost(["secret", "mine"], at: root)
    let again = tree.deliver(["mine"], to: root)
    #expect(lost == ["mine"])
    #expect(again == [.supply(at: web, child: root, ["mine"])])
  }

  @Test func allBehindANodeGoWithItDeepestFirst() {
    var (tree, bastion, web, root, postgres) = family()
    let gone = tree.remove(web).map(\.id)
    #expect(gone == [root, postgres, web])
    #expect(tree.count == 1)
    #expect(tree.node(for: key("bwr")) == nil)
    #expect(tree[bastion]?.children.isEmpty == true)
  }

  @Test func aRouteThatIsOpenedAgainIsANewNode() {
    var (tree, bastion, web, _, _) = family()
    _ = tree.remove(web)
    let again = tree.add(key: key("bw"), parent: bastion).id
    #expect(again > web)
    let steps = tree.deliver(["x"], to: again)
    #expect(steps.count == 2)
  }

  @Test func streamsOfANodeAreNumberedUpwards() {
    var (tree, bastion, web, _, _) = family()
    let numbers = [tree.takeStream(of: web), tree.takeStream(of: web), tree.takeStream(of: bastion)]
    #expect(numbers == [1, 2, 1])
  }
}
