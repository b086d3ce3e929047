/// What the other end of a link must not do.
public protocol BreachOfLink: Error {}
