# frozen_string_literal: true

require "json"
require "socket"
require "tmpdir"

# A daemon that does what a test says: each connection is a Peer, in the order in which they come.
class FakeDaemon
  # The daemon's side of a connection.
  class Peer
    def initialize(socket)
      @socket = socket
    end

    # The next request, or nil at the end.
    def request
      line = @socket.gets
      line && JSON.parse(line)
    end

    def write(text) = @socket.write(text)
    def result(request, result) = write("#{JSON.generate({ jsonrpc: "2.0", id: request["id"], result: result })}\n")
    def close = @socket.close
    # Then the client's writes fail, before it reads an end.
    def stop_reading = @socket.shutdown(Socket::SHUT_RD)

    # Answers getAttrs with the account itself as its only attribute.
    def echo(request)
      users = request["params"]["To_Account"].map { |account| { To_Account: account, Attrs: { name: account } } }
      result(request, { UserAttrs: users, missing: [] })
    end

    def refuse(request, code, message, data = {})
      error = { code: code, message: message, data: data }
      write("#{JSON.generate({ jsonrpc: "2.0", id: request["id"], error: error })}\n")
    end
  end

  # Gives a daemon to the block, and removes it.
  def self.open
    Dir.mktmpdir { |folder| new(File.join(folder, "socket")).then { |daemon| yield daemon } }
  end

  attr_reader :path

  def initialize(path)
    @path = path
    @server = UNIXServer.new(path)
  end

  def accept = Peer.new(@server.accept)

  # Serves one connection in a thread, which ends with what the block returns.
  def serve(&block) = Thread.new { block.call(accept) }.tap { |thread| thread.report_on_exception = false }

  # Echoes on any number of connections until the test ends, and does not mind what is withdrawn.
  def echo
    Thread.new do
      loop do
        peer = accept
        Thread.new { while (request = peer.request) do peer.echo(request) if request["id"] end }
      end
    end
  end
end
