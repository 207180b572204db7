// Asks imattrd by libjsonrpccpp's client, which was written by others who know nothing of imattrd.
#include <jsonrpccpp/client.h>
#include <jsonrpccpp/client/connectors/unixdomainsocketclient.h>

#include <iostream>
#include <string>

namespace {

Json::Value accounts(std::initializer_list<const char *> names) {
    Json::Value list(Json::arrayValue);
    for (const char *name : names) list.append(name);
    return list;
}

std::string text(const Json::Value &value) {
    Json::StreamWriterBuilder writer;
    writer["indentation"] = "";
    writer["emitUTF8"] = true;
    return Json::writeString(writer, value);
}

void print_users(const Json::Value &result) {
    for (const Json::Value &user : result["UserAttrs"])
        std::cout << user["To_Account"].asString() << " " << text(user["Attrs"]) << "\n";
    for (const Json::Value &account : result["missing"]) std::cout << account.asString() << " missing\n";
}

// Calls what must be refused, and prints what the error says.
void print_refusal(jsonrpc::Client &client, const std::string &method, const Json::Value &params) {
    try {
        const Json::Value result = client.CallMethod(method, params);
        std::cout << method << " was answered: " << text(result) << "\n";
    } catch (const jsonrpc::JsonRpcException &error) {
        std::cout << error.GetCode() << " " << text(error.GetData()) << "\n";
    }
}

}  // namespace

int main(int count, char **arguments) {
    if (count != 2) {
        std::cerr << "usage: getattrs SOCKET\n";
        return 64;
    }
    try {
        jsonrpc::UnixDomainSocketClient socket(arguments[1]);
        jsonrpc::Client client(socket);

        Json::Value by_name;
        by_name["To_Account"] = accounts({"Zhang Xiaohong", "abc", "caf\u00e9"});
        by_name["timeoutMs"] = 20000;
        print_users(client.CallMethod("getAttrs", by_name));

        Json::Value by_position(Json::arrayValue);
        by_position.append(accounts({"Chen Xiaoming"}));
        print_users(client.CallMethod("getAttrs", by_position));

        jsonrpc::BatchCall batch;
        const int ping = batch.addCall("ping", Json::Value(Json::objectValue));
        const int users = batch.addCall("getAttrs", by_position);
        jsonrpc::BatchResponse answers = client.CallProcedures(batch);
        std::cout << answers.getResult(ping).asString() << "\n";
        print_users(answers.getResult(users));

        by_name["timeoutMs"] = 0;
        print_refusal(client, "getAttrs", by_name);
        print_refusal(client, "nothing", Json::Value());
    } catch (const jsonrpc::JsonRpcException &error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
