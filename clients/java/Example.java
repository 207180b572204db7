import imattr.*;
class Example { public static void main(String[] arguments) {
    try (var client = new IMAttrClient()) { client.getAttrs("Zhang Xiaohong", "abc").userAttrs().forEach(System.out::println); }
    catch (IMAttrException error) { System.err.println(error.getMessage()); System.exit(1); }
}}
