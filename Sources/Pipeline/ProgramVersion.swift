/// The version of gpt2, which all members of a cluster share.
public enum ProgramVersion {
  public static let current = "0.2.0"
}
