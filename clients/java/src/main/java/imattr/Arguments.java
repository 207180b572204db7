package imattr;

/** Arguments that must be there. */
final class Arguments {
    private Arguments() {}

    static void check(Object argument, String name) {
        if (argument == null) {
            throw new ArgumentException(name + " is null");
        }
    }
}
