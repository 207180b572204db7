// Streams as many accounts as its argument says, and counts them.
import { IMAttrClient } from "imattr-client";

function* accounts(count) {
    for (let number = 0; number < count; number += 1) yield `user${number}`;
}

let count = 0;
for await (const { To_Account, Attrs } of new IMAttrClient().stream(accounts(Number(process.argv[2])))) {
    if (Attrs.account === To_Account) count += 1;
}
console.log(`${count} accounts`);
