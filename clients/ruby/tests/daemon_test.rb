# frozen_string_literal: true

require "imattr"
require "minitest/autorun"
require "open3"

# Against the daemon at IMATTRD_SOCKET.
class DaemonTest < Minitest::Test
  FOLDER = File.expand_path("..", __dir__)
  PRINTED = /\AZhang Xiaohong .*"sex"\s*=>\s*"Female".*"New York".*\nabc \{\}\n\z/

  def test_it_answers
    client = IMAttr::Client.new
    assert_equal "pong", client.ping
    assert_equal "ready", client.get_status["state"]
    assert_equal client.get_status.keys, client.call("getStatus").keys
    assert_equal(-32_601, assert_raises(IMAttr::Refused) { client.call("nothing") }.code)
  end

  def test_a_thousand_accounts_stream
    names = Array.new(1000) { |number| "user #{number}" }
    assert_equal names.sort, IMAttr::Client.new.stream(names, batch: 50).map(&:account).to_a.sort
  end

  def test_the_example_runs
    assert_match PRINTED, run_program(File.join(FOLDER, "example.rb"))
    assert_operator File.readlines(File.join(FOLDER, "example.rb")).size, :<=, 5
  end

  def test_without_a_daemon_the_example_ends_with_one_sentence
    output, errors, status = Open3.capture3({ "IMATTRD_SOCKET" => "/does/not/exist" }, File.join(__dir__, "example"),
                                            File.join(FOLDER, "example.rb"))
    assert_equal [1, ""], [status.exitstatus, output]
    assert_match(%r{\Acannot connect to /does/not/exist: .*is imattrd running.*\n\z}, errors)
  end

  def test_the_programs_of_the_readme_run
    programs = File.read(File.join(FOLDER, "README.md")).scan(/^```ruby\n(.*?)^```$/m).flatten
    assert_equal File.read(File.join(FOLDER, "example.rb")), programs[0]
    assert_operator programs.size, :>=, 3
    programs.each do |program|
      Dir.mktmpdir do |folder|
        file = File.join(folder, "program.rb")
        File.write(file, program)
        refute_empty run_program(file)
      end
    end
  end

  def run_program(file)
    output, status = Open3.capture2e(File.join(__dir__, "example"), file)
    assert status.success?, output
    output
  end
end
