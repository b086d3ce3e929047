/// The commit that the program was built from, with +changes if files differed from it; empty where that is not known.
extern const char *const gpt2_revision;
