# Against the daemon at IMATTRD_SOCKET.
use strict;
use warnings;

use Test::More;

use IMAttr;

plan skip_all => 'no IMATTRD_SOCKET' if !$ENV{IMATTRD_SOCKET};

my $client = IMAttr->new;
is($client->ping, 'pong', 'ping');
is_deeply(
    $client->get_attrs(['Zhang Xiaohong', 'abc']),
    {
        UserAttrs => [
            {To_Account => 'Zhang Xiaohong', Attrs => {sex => 'Female', city => 'New York'}},
            {To_Account => 'abc', Attrs => {}}
        ],
        missing => []
    },
    'get_attrs'
);
is($client->get_status->{state}, 'ready', 'get_status');
eval { $client->call('nope') };
is($@->code, -32601, 'an error of the daemon');
my $stream = $client->stream([map {"u$_"} 1 .. 1000], batch => 100);
my $count = 0;
$count++ while $stream->next;
is($count, 1000, 'stream');

done_testing;
