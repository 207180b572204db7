import { IMAttrClient } from "imattr-client";

const { UserAttrs } = await new IMAttrClient().getAttrs(["Zhang Xiaohong", "abc"]);
for (const { To_Account, Attrs } of UserAttrs) console.log(To_Account, Attrs);
