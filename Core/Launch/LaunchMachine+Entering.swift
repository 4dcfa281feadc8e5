/// What a launch comes to before the child can say anything.
extension LaunchMachine {
  /// `nil`: the failure was not on the way into a container.
  func couldNotEnter(_ failure: SpawnRequest.Failure) -> LaunchError? {
    guard let enter = plan.enter, let obstacle = failure.obstacle else { return nil }
    return obstacle.error(enter, description: plan.description, number: failure.number)
  }
}
