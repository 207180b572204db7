use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));

use Test::More;

use IMAttr::JSON;

is_deeply(
    IMAttr::JSON::decode('{"a":[1,-2,1.5,"x"],"b":{"c":null,"d":""},"e":{},"f":[] , "g" : " y "}'),
    {a => [1, -2, 1.5, 'x'], b => {c => undef, d => ''}, e => {}, f => [], g => ' y '},
    'all kinds'
);
is(IMAttr::JSON::decode('"\u00e9\ud834\udd1e\n\/\\\\\""'), qq(é\x{1d11e}\n/\\"), 'escapes');
is(IMAttr::JSON::decode('"\ud800x\udc00"'), "\x{fffd}x\x{fffd}", 'half a pair');
is(IMAttr::JSON::decode(qq("\xc3\xa9")), 'é', 'UTF-8');
is(IMAttr::JSON::decode($_) . '', $_, "exactly $_")
    for qw(9223372036854775807 -9223372036854775808 18446744073709551616 123456789012345678901234567890 123456789012345678);
is(IMAttr::JSON::encode(IMAttr::JSON::decode($_)), $_, "there and back: $_")
    for '[1,"1",12345678901234567890123,"12345678901234567890123",true,null,0.5]', '{"a":123456789012345678}';
ok(IMAttr::JSON::is_number(IMAttr::JSON::decode($_)),  "$_ is a number")    for qw(0 1.5 -3 123456789012345678901 1e400);
ok(!IMAttr::JSON::is_number(IMAttr::JSON::decode($_)), "$_ is not a number") for '"0"', '""', '"名"', 'null', 'true', '[]';
for my $bad ('', '{', '{"a":1,}', '{"a":"b",}', '[1,]', '[1 2]', '01', '1.', '+1', 'tru', '{}x', '"\x"', '"\u12"', qq("\x01"),
    qq("\xff"), qq("\xed\xa0\x80"), qq("\xf4\x90\x80\x80"), qq("\xc0\x80"), '{"a"}', "'a'", '[' x 1000)
{
    ok(!eval { IMAttr::JSON::decode($bad); 1 }, 'not JSON: ' . substr $bad =~ s/[^ -~]/?/gr, 0, 20);
}
is(IMAttr::JSON::quote(qq(a"b\\c\n\x01名)), qq("a\\u0022b\\u005cc\\u000a\\u0001\xe5\x90\x8d"), 'quoting');
is(IMAttr::JSON::quote($_), undef, 'no text of Unicode') for "\x{d800}", "\x{110000}";

done_testing;
