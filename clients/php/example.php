<?php
require 'IMAttr/autoload.php';
foreach ((new IMAttr\Client())->getAttrs(['Zhang Xiaohong', 'abc'])->UserAttrs as $user) {
    echo $user->To_Account, ' ', json_encode($user->Attrs), "\n";
}
