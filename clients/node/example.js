import { IMAttrClient } from "imattr-client";
try {
    const { UserAttrs } = await new IMAttrClient().getAttrs(["Zhang Xiaohong", "abc"]);
    for (const { To_Account, Attrs } of UserAttrs) console.log(To_Account, Attrs);
} catch (error) { console.error(String(error)); process.exitCode = 1; }
