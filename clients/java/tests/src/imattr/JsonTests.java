package imattr;

import static imattr.Testing.contains;
import static imattr.Testing.same;
import static imattr.Testing.test;
import static imattr.Testing.thrown;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Map;

final class JsonTests {
    private static final List<String> WRONG = List.of(
            "", " ", "{", "[", "[1,]", "[,1]", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "{1:1}", "01", "-", "1.", ".5",
            "1e", "1e+", "+1", "tru", "True", "nul", "NaN", "Infinity", "'a'", "\"a", "\"\\x\"", "\"\\u12g4\"",
            "\"\\u\"", "\"a\nb\"", "\"\u0000\"", "1 2", "[] x", "\ufeff1", "\u00a01", "[1}", "--1", "0x10", "1_000");

    private JsonTests() {}

    static void run() {
        test("values of JSON are values of Java", () -> {
            same(Arrays.asList(1L, "b", true, false, null), Json.parse(" [1 ,\t\"b\",true , false,null]\r\n"));
            same(Map.of("a", Map.of(), "b", List.of()), Json.parse("{\"a\":{},\"b\":[]}"));
        });
        test("integers are exact", () -> {
            same(List.of(0L, 0L, -7L, Long.MAX_VALUE, Long.MIN_VALUE, 999999999999999999L, -99999999999999999L),
                    Json.parse("[0,-0,-7,9223372036854775807,-9223372036854775808,999999999999999999,-99999999999999999]"));
            same(new BigInteger("9223372036854775808"), Json.parse("9223372036854775808"));
            same(new BigInteger("-123456789012345678901234567890"), Json.parse("-123456789012345678901234567890"));
        });
        test("other numbers keep their digits", () -> {
            String digits = "0.1000000000000000055511151231257827";
            same(new BigDecimal(digits), Json.parse(digits));
            same("[" + digits + ",-1E+400,1.50]", Json.write(Json.parse("[" + digits + ",-1E+400,1.50]")));
            same(Double.POSITIVE_INFINITY, Json.parse("1e99999999999"));
        });
        test("texts are exact", () -> {
            same("\"\\/\b\f\n\r\t é中😀\ud83d",
                    Json.parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t \\u00e9中\\ud83d\\uDE00\\ud83d\""));
            same("\u0000\u2028é", Json.parse("\"\\u0000\u2028é\""));
        });
        test("what is written is read again", () -> {
            List<String> texts =
                    List.of("a\"b\\c\n\u0000\u001f\u007f", "é\u2028中😀", "cut \ud83d", "\ude00 cut", "\ud83d\ud83d\ude00");
            for (String text : texts) {
                same(text, Json.parse(Json.write(text)));
            }
            same("[null,1.5,{\"k\":[]}]", Json.write(Arrays.asList(Double.NaN, 1.5, Map.of("k", List.of()))));
            contains("java.util.Date", thrown(IllegalArgumentException.class, () -> Json.write(new Date(0))).getMessage());
            thrown(IllegalArgumentException.class, () -> Json.write(Map.of(1, 2)));
        });
        test("what is no JSON is refused", () -> {
            for (String text : WRONG) {
                thrown(IllegalArgumentException.class, () -> Json.parse(text));
            }
        });
        test("what is not UTF-8 is refused", () -> {
            for (String hex : List.of("ff", "c0af", "e4b8", "eda080", "f4908080", "80")) {
                byte[] text = ("\"" + new String(new BigInteger("1" + hex, 16).toByteArray(), 1, hex.length() / 2,
                        StandardCharsets.ISO_8859_1) + "\"").getBytes(StandardCharsets.ISO_8859_1);
                thrown(JsonReader.Invalid.class, () -> new JsonReader(text, 0, text.length).read());
            }
        });
        test("the depth is bounded", () -> {
            Json.parse("[".repeat(512) + "]".repeat(512));
            contains("nested", thrown(IllegalArgumentException.class, () -> Json.parse("[".repeat(1_000_000))).getMessage());
        });
        test("objects keep their order, cannot be changed, and print themselves", () -> {
            JsonObject object = (JsonObject) Json.parse("{\"z\":1,\"a\":[\"x\"],\"z\":2,\"n\":null}");
            same("{\"z\":2,\"a\":[\"x\"],\"n\":null}", object.toString());
            same("[\"x\"]", object.get("a").toString());
            same(object, Map.copyOf((JsonObject) Json.parse("{\"z\":2}")).containsKey("n") ? null : object);
            thrown(UnsupportedOperationException.class, () -> object.put("b", 1));
            thrown(UnsupportedOperationException.class, () -> object.entrySet().iterator().next().setValue(1));
            thrown(UnsupportedOperationException.class, () -> object.remove("a"));
            thrown(UnsupportedOperationException.class, () -> ((JsonArray) object.get("a")).add(1));
        });
    }
}
