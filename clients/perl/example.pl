use IMAttr;
use JSON::PP;
my $result = IMAttr->new->get_attrs(['Zhang Xiaohong', 'abc']);
print "$_->{To_Account} ", JSON::PP->new->canonical->encode($_->{Attrs}), "\n" for @{$result->{UserAttrs}};
