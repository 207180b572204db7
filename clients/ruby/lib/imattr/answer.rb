# frozen_string_literal: true

require "json"

module IMAttr
  # A line of the daemon.
  class Answer
    # The request's id; nil if it is about the connection.
    attr_reader :id
    attr_reader :result
    # A Refused or a DeadlineExceeded, instead of the result.
    attr_reader :refusal

    # Raises ProtocolError if the line is no answer.
    def initialize(line)
      message = parse(line)
      unless message.is_a?(Hash) && message["jsonrpc"] == "2.0" && message.key?("id") &&
             message.key?("result") != message.key?("error")
        no_answer(line)
      end
      @id = message["id"]
      @result = message["result"]
      @refusal = refused(message["error"], line) if message.key?("error")
      no_answer(line) unless @id.is_a?(Integer) || (@id.nil? && @refusal)
    end

    private

    # Halves of surrogate pairs, which JSON allows and Ruby has no character for; matches whole pairs too, and anything
    # else after a backslash, so that it does not begin within them.
    HALVES = /\\u[dD][89abAB]\h\h\\u[dD][c-fC-F]\h\h|(?<half>\\u[dD][89a-fA-F]\h\h)|\\./
    private_constant :HALVES

    def parse(line)
      line.force_encoding(Encoding::UTF_8)
      raise ProtocolError, "a line that is not UTF-8: #{line.b[0, 80].inspect}" unless line.valid_encoding?

      line = line.gsub(HALVES) { |escape| $~[:half] ? "\\ufffd" : escape } if line.match?(/\\u[dD][89a-fA-F]/)
      JSON.parse(line)
    rescue JSON::ParserError
      raise ProtocolError, "a line that is no JSON: #{line[0, 80].inspect}"
    end

    def refused(error, line)
      no_answer(line) unless error.is_a?(Hash) && error["code"].is_a?(Integer) && error["message"].is_a?(String)
      kind = error["code"] == DeadlineExceeded::CODE ? DeadlineExceeded : Refused
      kind.new(error["message"], error["code"], error["data"].is_a?(Hash) ? error["data"] : {})
    end

    def no_answer(line)
      raise ProtocolError, "a line that is no answer of JSON-RPC 2.0: #{line[0, 80].inspect}"
    end
  end
end
