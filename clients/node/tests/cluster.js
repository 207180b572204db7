// The clients of a cluster: the primary's and each worker's are made by the same line, and used at the same time.
import cluster from "node:cluster";
import { once } from "node:events";
import { IMAttrClient } from "imattr-client";

const client = new IMAttrClient();
const workers = 4;
const callsOfEach = 240;

async function work(name) {
    await client.ping();
    const accounts = Array.from({ length: callsOfEach }, (_, number) => `${name}-${number}`);
    const answers = await Promise.all(accounts.map((account) => client.getAttrs([account])));
    return answers.filter(({ UserAttrs }, number) => UserAttrs.length === 1 && UserAttrs[0].To_Account === accounts[number]).length;
}

if (cluster.isPrimary) {
    await client.ping();
    const others = Array.from({ length: workers }, () => cluster.fork());
    const counts = await Promise.all([work("primary"), ...others.map(async (worker) => (await once(worker, "message"))[0])]);
    console.log(`${workers} workers, ${counts.reduce((sum, count) => sum + count, 0)} calls, each with its own answer`);
    for (const worker of others) worker.disconnect();
    client.close();
} else {
    process.send(await work(`worker-${cluster.worker.id}`));
    process.once("disconnect", () => client.close());
}
