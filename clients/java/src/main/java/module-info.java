/** The client of imattrd. */
module imattr {
    exports imattr;
}
