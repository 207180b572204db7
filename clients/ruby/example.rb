require "imattr"
begin
  IMAttr::Client.new.get_attrs(["Zhang Xiaohong", "abc"]).user_attrs.each { |user| puts "#{user.account} #{user.attrs}" }
rescue IMAttr::Error => e then abort e.message
end
