"use strict";

const { IMAttrClient } = require("./lib/client.cjs");
const {
    ArgumentError, CancelledError, ConnectionLostError, DeadlineError, IMAttrError, ProtocolError, RefusedError,
    UnreachableError,
} = require("./lib/errors.cjs");
const { version } = require("./package.json");

module.exports = {
    ArgumentError,
    CancelledError,
    ConnectionLostError,
    DeadlineError,
    IMAttrClient,
    IMAttrError,
    ProtocolError,
    RefusedError,
    UnreachableError,
    version,
};
