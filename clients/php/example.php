<?php
require 'IMAttr/autoload.php';
try { $users = (new IMAttr\Client())->getAttrs(['Zhang Xiaohong', 'abc'])->UserAttrs; }
catch (IMAttr\Exception\IMAttrException $error) { fwrite(STDERR, $error->getMessage() . "\n"); exit(1); }
foreach ($users as $user) echo $user->To_Account, ' ', json_encode($user->Attrs), "\n";
